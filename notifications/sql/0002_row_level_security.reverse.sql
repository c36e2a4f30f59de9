REVOKE SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints FROM rhivo_app;
DROP POLICY worker_reads ON webhook_endpoints;
DROP POLICY its_owner_manages ON webhook_endpoints;
DROP POLICY owner_sees_all ON webhook_endpoints;
ALTER TABLE webhook_endpoints NO FORCE ROW LEVEL SECURITY;
ALTER TABLE webhook_endpoints DISABLE ROW LEVEL SECURITY;

REVOKE UPDATE (status, attempts, due_at, sent_at, last_error) ON notification_logs FROM rhivo_worker;
REVOKE SELECT, INSERT ON notification_logs FROM rhivo_app;
DROP POLICY worker_delivers ON notification_logs;
DROP POLICY people_at_work_read ON notification_logs;
DROP POLICY acting_there_adds ON notification_logs;
DROP POLICY owner_sees_all ON notification_logs;
ALTER TABLE notification_logs NO FORCE ROW LEVEL SECURITY;
ALTER TABLE notification_logs DISABLE ROW LEVEL SECURITY;
