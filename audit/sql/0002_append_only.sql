-- History cannot be rewritten: nobody has UPDATE, DELETE or TRUNCATE, and a trigger refuses them to the owner too.

ALTER TABLE audit_logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_logs FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_sees_all ON audit_logs TO rhivo_owner USING (true) WITH CHECK (true);
CREATE POLICY people_at_work_read ON audit_logs FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()));
CREATE POLICY worker_reads_all ON audit_logs FOR SELECT TO rhivo_worker USING (true);
GRANT SELECT ON audit_logs TO rhivo_app;

ALTER TABLE audit_seals ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_seals FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_sees_all ON audit_seals TO rhivo_owner USING (true) WITH CHECK (true);
CREATE POLICY people_at_work_read ON audit_seals FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()));
CREATE POLICY worker_seals ON audit_seals TO rhivo_worker USING (true) WITH CHECK (true);
GRANT SELECT ON audit_seals TO rhivo_app;
GRANT SELECT, INSERT ON audit_seals TO rhivo_worker;
GRANT USAGE ON SEQUENCE audit_seals_id_seq TO rhivo_worker;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_logs
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit_logs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_seals
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
