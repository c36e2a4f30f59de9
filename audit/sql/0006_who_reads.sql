-- Staff read the history of appointments, the owner everything of the business but the entries that seals leave.

DROP POLICY people_at_work_read ON audit_logs;
CREATE POLICY people_at_work_read ON audit_logs FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()) AND entity = 'appointment');
CREATE POLICY its_owner_reads ON audit_logs FOR SELECT TO rhivo_app
    USING (business_id = (SELECT owned_business_id()) AND entity <> 'seal');

DROP POLICY people_at_work_read ON audit_seals;
CREATE POLICY its_owner_reads ON audit_seals FOR SELECT TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));
