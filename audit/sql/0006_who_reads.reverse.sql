DROP POLICY its_owner_reads ON audit_seals;
CREATE POLICY people_at_work_read ON audit_seals FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()));

DROP POLICY its_owner_reads ON audit_logs;
DROP POLICY people_at_work_read ON audit_logs;
CREATE POLICY people_at_work_read ON audit_logs FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()));
