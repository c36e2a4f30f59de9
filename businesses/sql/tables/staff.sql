-- People who can be booked.
-- @tenant_table history=staff read_by=public edited_by=owner

CREATE POLICY public_reads ON staff FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = staff.business_id));
CREATE POLICY its_owner_adds ON staff FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_changes ON staff FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_removes ON staff FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON staff TO rhivo_app;
CREATE TRIGGER before_update BEFORE UPDATE ON staff FOR EACH ROW EXECUTE FUNCTION bump_version();
