-- Bookings. Readable by the customer, by who presents the booking's token, and by the people at work in its business.
-- @tenant_table

ALTER TABLE appointments ADD CONSTRAINT appointment_service_same_business
    FOREIGN KEY (business_id, service_id) REFERENCES services (business_id, id);
ALTER TABLE appointments ADD CONSTRAINT appointment_staff_same_business
    FOREIGN KEY (business_id, staff_id) REFERENCES staff (business_id, id);
ALTER TABLE appointments ADD CONSTRAINT appointment_hold_same_business
    FOREIGN KEY (business_id, reservation_id) REFERENCES reservations (business_id, id) ON DELETE SET NULL (reservation_id);
ALTER TABLE appointments ADD CONSTRAINT starts_on_the_grain
    CHECK (date_trunc('minute', starts_at AT TIME ZONE 'UTC') = starts_at AT TIME ZONE 'UTC'
           AND EXTRACT(minute FROM starts_at AT TIME ZONE 'UTC')::int % 5 = 0);
ALTER TABLE appointments ADD CONSTRAINT ends_after_it_starts CHECK (ends_at > starts_at);
CREATE POLICY its_customer_reads ON appointments FOR SELECT TO rhivo_app
    USING (customer_id = (SELECT current_user_id())
           AND COALESCE(business_id = (SELECT current_business_id()), (SELECT current_business_id()) IS NULL));
CREATE POLICY its_guest_reads ON appointments FOR SELECT TO rhivo_app
    USING (cancellation_token_hash = (SELECT current_cancellation_token())
           AND COALESCE(business_id = (SELECT current_business_id()), (SELECT current_business_id()) IS NULL));
CREATE POLICY people_at_work_read ON appointments FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()));
CREATE POLICY its_holder_commits ON appointments FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT current_business_id()) AND reservation_id IN (
                    SELECT id FROM reservations WHERE visit_id = (SELECT current_reservation_id()))
                AND (customer_id IS NULL OR customer_id = (SELECT current_user_id())));
CREATE POLICY people_at_work_book ON appointments FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT working_business_id()));
CREATE POLICY its_customer_changes ON appointments FOR UPDATE TO rhivo_app
    USING (customer_id = (SELECT current_user_id())
           AND COALESCE(business_id = (SELECT current_business_id()), (SELECT current_business_id()) IS NULL))
    WITH CHECK (customer_id = (SELECT current_user_id()));
CREATE POLICY its_guest_changes ON appointments FOR UPDATE TO rhivo_app
    USING (cancellation_token_hash = (SELECT current_cancellation_token())
           AND COALESCE(business_id = (SELECT current_business_id()), (SELECT current_business_id()) IS NULL))
    WITH CHECK (cancellation_token_hash = (SELECT current_cancellation_token()));
CREATE POLICY people_at_work_change ON appointments FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT working_business_id())) WITH CHECK (business_id = (SELECT working_business_id()));
CREATE POLICY worker_reads ON appointments FOR SELECT TO rhivo_worker USING (true);
GRANT SELECT, INSERT, UPDATE (service_id, staff_id, resource_ids, starts_at, status, version, notes, overrides) ON appointments
    TO rhivo_app;

CREATE TRIGGER before_insert BEFORE INSERT ON appointments
    FOR EACH ROW EXECUTE FUNCTION appointments_before_insert();
CREATE TRIGGER before_update BEFORE UPDATE ON appointments
    FOR EACH ROW EXECUTE FUNCTION appointments_before_update();
CREATE TRIGGER after_change AFTER INSERT OR UPDATE OR DELETE ON appointments
    FOR EACH ROW EXECUTE FUNCTION appointments_after_change(
        'appointment', 'cancellation_token_hash', 'idempotency_key', 'request_fingerprint');
