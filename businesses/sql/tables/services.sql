-- What can be booked. Its row is the lock under which its capacity is counted.
-- @tenant_table history=service read_by=public edited_by=owner

-- A row of one tenant never points at a row of another. Checks of foreign keys ignore row security, so each key carries
-- business_id. SET NULL names its column: without it business_id would be emptied too.
ALTER TABLE services ADD CONSTRAINT service_category_same_business
    FOREIGN KEY (business_id, category_id) REFERENCES categories (business_id, id) ON DELETE SET NULL (category_id);
CREATE POLICY public_reads ON services FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = services.business_id));
CREATE POLICY its_owner_adds ON services FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_changes ON services FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_removes ON services FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON services TO rhivo_app;
CREATE TRIGGER before_update BEFORE UPDATE ON services FOR EACH ROW EXECUTE FUNCTION bump_version();
