-- Who is owner or staff of which business.
-- @tenant_table history=membership edited_by=owner

-- Who is no longer listed as a person keeps the log-in. SET NULL names its column: without it business_id, which is
-- part of the key, would be emptied too.
ALTER TABLE memberships ADD CONSTRAINT membership_staff_same_business
    FOREIGN KEY (business_id, staff_id) REFERENCES staff (business_id, id) ON DELETE SET NULL (staff_id);
CREATE POLICY people_at_work_read ON memberships FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()));
CREATE POLICY its_owner_adds ON memberships FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_changes ON memberships FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_removes ON memberships FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON memberships TO rhivo_app;
