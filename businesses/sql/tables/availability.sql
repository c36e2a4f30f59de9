-- Weekly hours and exceptions by date, of a business or of one person.
-- @tenant_table history=availability read_by=public edited_by=owner

ALTER TABLE availability ADD CONSTRAINT availability_staff_same_business
    FOREIGN KEY (business_id, staff_id) REFERENCES staff (business_id, id) ON DELETE CASCADE;
-- The windows of one day neither overlap nor touch ('[]' includes both ends): what lies between two is a break, and a
-- break of no length would be none. COALESCE, because NULL equals nothing: the hours of the business itself would
-- never conflict with each other.
ALTER TABLE availability ADD CONSTRAINT weekly_windows_apart EXCLUDE USING gist (
    business_id WITH =,
    COALESCE(staff_id, '00000000-0000-0000-0000-000000000000') WITH =,
    weekday WITH =,
    int4range(opens, closes, '[]') WITH &&
) WHERE (weekday IS NOT NULL);
ALTER TABLE availability ADD CONSTRAINT exception_windows_apart EXCLUDE USING gist (
    business_id WITH =,
    COALESCE(staff_id, '00000000-0000-0000-0000-000000000000') WITH =,
    daterange(first_date, last_date, '[]') WITH &&,
    int4range(opens, closes, '[]') WITH &&
) WHERE (weekday IS NULL AND opens IS NOT NULL);
CREATE POLICY public_reads ON availability FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = availability.business_id));
CREATE POLICY its_owner_adds ON availability FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_changes ON availability FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_removes ON availability FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON availability TO rhivo_app;
