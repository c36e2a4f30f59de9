-- Which kinds of resource a service needs.
-- @tenant_table history=need read_by=public edited_by=owner

ALTER TABLE service_resources ADD CONSTRAINT need_service_same_business
    FOREIGN KEY (business_id, service_id) REFERENCES services (business_id, id) ON DELETE CASCADE;
CREATE POLICY public_reads ON service_resources FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = service_resources.business_id));
CREATE POLICY its_owner_adds ON service_resources FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_changes ON service_resources FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_removes ON service_resources FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON service_resources TO rhivo_app;
