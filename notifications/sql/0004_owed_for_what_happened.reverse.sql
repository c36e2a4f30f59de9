DROP POLICY worker_delivers ON notification_logs;
DROP POLICY worker_reads ON notification_logs;
CREATE POLICY worker_delivers ON notification_logs TO rhivo_worker USING (true) WITH CHECK (true);
DROP POLICY invites_members_alone ON notification_logs;
DROP POLICY begins_unsent ON notification_logs;
DROP POLICY its_owner_owes ON notification_logs;
CREATE POLICY acting_there_adds ON notification_logs FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT current_business_id()) AND status = 'pending');
