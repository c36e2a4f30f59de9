-- The history cannot be rewritten: no login has UPDATE, DELETE or TRUNCATE, and triggers refuse them to the owner too.
-- @tenant_table

-- No two entries continue the same one. Under REPEATABLE READ a writer may read an old last entry: this refuses it.
ALTER TABLE audit_logs ADD CONSTRAINT one_entry_continues_another
    EXCLUDE (business_id WITH =, previous_hash WITH =) WHERE (previous_hash <> '');
CREATE POLICY worker_reads_all ON audit_logs FOR SELECT TO rhivo_worker USING (true);
CREATE POLICY people_at_work_read ON audit_logs FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()) AND entity = 'appointment');
CREATE POLICY its_owner_reads ON audit_logs FOR SELECT TO rhivo_app
    USING (business_id = (SELECT owned_business_id()) AND entity <> 'seal');
-- A customer or guest reads the history of the appointments that row security lets them read. People at work have a
-- policy of their own: for them this one is false before it looks anything up, so that their lists pay nothing for it.
-- Not EXISTS: the planner may answer it by reading all appointments of the installation once. Written like this, each
-- entry looks up its own appointment by key.
CREATE POLICY whose_appointment_it_is_reads ON audit_logs FOR SELECT TO rhivo_app
    USING ((SELECT working_business_id()) IS NULL AND entity = 'appointment'
           AND (SELECT true FROM appointments a
                WHERE a.id = audit_logs.entity_id AND a.business_id = audit_logs.business_id));
GRANT SELECT ON audit_logs TO rhivo_app;
CREATE TRIGGER before_change BEFORE UPDATE OR DELETE ON audit_logs
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER before_truncate BEFORE TRUNCATE ON audit_logs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
