-- A seal covers all entries of a business up to one of them and is never changed. Only `seal_history()` adds one.
-- @tenant_table

CREATE POLICY its_owner_reads ON audit_seals FOR SELECT TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));
CREATE POLICY worker_reads_all ON audit_seals FOR SELECT TO rhivo_worker USING (true);
GRANT SELECT ON audit_seals TO rhivo_app, rhivo_worker;
CREATE TRIGGER before_change BEFORE UPDATE OR DELETE ON audit_seals
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();
CREATE TRIGGER before_truncate BEFORE TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
