-- Who does which service.
-- @tenant_table history=assignment read_by=public edited_by=owner

ALTER TABLE service_staff ADD CONSTRAINT assignment_service_same_business
    FOREIGN KEY (business_id, service_id) REFERENCES services (business_id, id) ON DELETE CASCADE;
ALTER TABLE service_staff ADD CONSTRAINT assignment_staff_same_business
    FOREIGN KEY (business_id, staff_id) REFERENCES staff (business_id, id) ON DELETE CASCADE;
CREATE POLICY public_reads ON service_staff FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = service_staff.business_id));
CREATE POLICY its_owner_adds ON service_staff FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_changes ON service_staff FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_removes ON service_staff FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON service_staff TO rhivo_app;
