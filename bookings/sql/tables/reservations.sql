-- Holds. Readable by the account that made it, by who presents the id of a visit without an account, and by the people
-- at work there.
-- @tenant_table

-- A hold or appointment of one tenant never points at a service, person or hold of another, and starts on the 5-minute grain.
ALTER TABLE reservations ADD CONSTRAINT reservation_service_same_business
    FOREIGN KEY (business_id, service_id) REFERENCES services (business_id, id);
ALTER TABLE reservations ADD CONSTRAINT reservation_staff_same_business
    FOREIGN KEY (business_id, staff_id) REFERENCES staff (business_id, id);
ALTER TABLE reservations ADD CONSTRAINT starts_on_the_grain
    CHECK (date_trunc('minute', starts_at AT TIME ZONE 'UTC') = starts_at AT TIME ZONE 'UTC'
           AND EXTRACT(minute FROM starts_at AT TIME ZONE 'UTC')::int % 5 = 0);
ALTER TABLE reservations ADD CONSTRAINT ends_after_it_starts CHECK (ends_at > starts_at);
CREATE POLICY its_holder_reads ON reservations FOR SELECT TO rhivo_app
    USING (business_id = (SELECT current_business_id()) AND visit_id = (SELECT current_reservation_id())
           AND (customer_id IS NULL OR customer_id = (SELECT current_user_id())));
CREATE POLICY its_customer_reads ON reservations FOR SELECT TO rhivo_app
    USING (business_id = (SELECT current_business_id()) AND customer_id = (SELECT current_user_id()));
CREATE POLICY people_at_work_read ON reservations FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()));
CREATE POLICY anyone_holds ON reservations FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT current_business_id())
                AND (customer_id IS NULL OR customer_id = (SELECT current_user_id()))
                AND (part = 1 OR visit_id = (SELECT current_reservation_id()))
                AND EXISTS (SELECT FROM businesses b WHERE b.id = business_id AND b.is_active));
CREATE POLICY its_holder_ends ON reservations FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT current_business_id()) AND visit_id = (SELECT current_reservation_id())
           AND (customer_id IS NULL OR customer_id = (SELECT current_user_id())))
    WITH CHECK (business_id = (SELECT current_business_id()));
CREATE POLICY people_at_work_end ON reservations FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT working_business_id())) WITH CHECK (business_id = (SELECT working_business_id()));
CREATE POLICY worker_reads ON reservations FOR SELECT TO rhivo_worker USING (true);
CREATE POLICY worker_ends ON reservations FOR UPDATE TO rhivo_worker USING (true) WITH CHECK (status = 'expired');
CREATE POLICY worker_forgets ON reservations FOR DELETE TO rhivo_worker USING (status IN ('released', 'expired'));
GRANT SELECT, INSERT, UPDATE (status) ON reservations TO rhivo_app;
GRANT DELETE ON reservations TO rhivo_worker;

CREATE TRIGGER before_insert BEFORE INSERT ON reservations
    FOR EACH ROW EXECUTE FUNCTION reservations_before_insert();
CREATE TRIGGER before_update BEFORE UPDATE ON reservations
    FOR EACH ROW EXECUTE FUNCTION reservations_before_update();
CREATE TRIGGER after_change AFTER INSERT OR UPDATE OR DELETE ON reservations
    FOR EACH ROW EXECUTE FUNCTION reservations_after_change();
