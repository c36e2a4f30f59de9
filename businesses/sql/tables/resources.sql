-- Rooms, chairs and machines. A row is the lock under which its capacity is counted.
-- @tenant_table history=resource read_by=public edited_by=owner

CREATE POLICY public_reads ON resources FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = resources.business_id));
CREATE POLICY its_owner_adds ON resources FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_changes ON resources FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_removes ON resources FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON resources TO rhivo_app;
CREATE TRIGGER before_update BEFORE UPDATE ON resources FOR EACH ROW EXECUTE FUNCTION bump_version();
