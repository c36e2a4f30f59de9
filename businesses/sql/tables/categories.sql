-- Headings of a business's catalogue.
-- @tenant_table history=category read_by=public edited_by=owner

-- Public as long as the business itself can be read under the same claims: the subquery goes through its policies. The
-- same policy guards services, staff, assignments and availability.
CREATE POLICY public_reads ON categories FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = categories.business_id));
CREATE POLICY its_owner_adds ON categories FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_changes ON categories FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_removes ON categories FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON categories TO rhivo_app;
