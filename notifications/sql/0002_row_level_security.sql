-- A message is owed by whoever acts for the business, read by the people who work there, and delivered by the worker.

ALTER TABLE notification_logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE notification_logs FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_sees_all ON notification_logs TO rhivo_owner USING (true) WITH CHECK (true);
CREATE POLICY acting_there_adds ON notification_logs FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT current_business_id()) AND status = 'pending');
CREATE POLICY people_at_work_read ON notification_logs FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()));
CREATE POLICY worker_delivers ON notification_logs TO rhivo_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON notification_logs TO rhivo_app;
GRANT UPDATE (status, attempts, due_at, sent_at, last_error) ON notification_logs TO rhivo_worker;

ALTER TABLE webhook_endpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_sees_all ON webhook_endpoints TO rhivo_owner USING (true) WITH CHECK (true);
CREATE POLICY its_owner_manages ON webhook_endpoints TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY worker_reads ON webhook_endpoints FOR SELECT TO rhivo_worker USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints TO rhivo_app;
