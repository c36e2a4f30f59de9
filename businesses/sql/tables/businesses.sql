-- One business. Others read it while it is active, its owner changes it, an operator adds it. Nobody deletes one.
-- @tenant_table history=business edited_by=owner

-- Without a claimed business the directory and the look-up by subdomain see all active ones; within one, only that one.
CREATE POLICY public_reads_active ON businesses FOR SELECT TO rhivo_app
    USING (is_active AND COALESCE(id = (SELECT current_business_id()), (SELECT current_business_id()) IS NULL));
CREATE POLICY people_at_work_read ON businesses FOR SELECT TO rhivo_app USING (id = (SELECT working_business_id()));
CREATE POLICY its_owner_changes ON businesses FOR UPDATE TO rhivo_app
    USING (id = (SELECT owned_business_id())) WITH CHECK (id = (SELECT owned_business_id()));
CREATE POLICY operator_reads_all ON businesses FOR SELECT TO rhivo_worker USING (true);
-- The claims carry the id that the new business will have: see `import_business`.
CREATE POLICY operator_founds ON businesses FOR INSERT TO rhivo_worker
    WITH CHECK (id = (SELECT owned_business_id()));
GRANT SELECT, UPDATE ON businesses TO rhivo_app;
GRANT INSERT ON businesses TO rhivo_worker;
CREATE TRIGGER before_update BEFORE UPDATE ON businesses FOR EACH ROW EXECUTE FUNCTION bump_version();
