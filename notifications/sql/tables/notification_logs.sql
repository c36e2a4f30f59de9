-- The outbox. Messages begin unsent, are enqueued by whoever acts for the business, and the worker delivers them.
-- @tenant_table

CREATE POLICY people_at_work_read ON notification_logs FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()));
CREATE POLICY its_owner_enqueues ON notification_logs FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY begins_unsent ON notification_logs AS RESTRICTIVE FOR INSERT TO rhivo_app
    WITH CHECK (status = 'pending' AND attempts = 0 AND sent_at IS NULL);
-- The mail carries a link that sets the password of the account it names: that account's own address gets it, nobody else.
CREATE POLICY invites_members_alone ON notification_logs AS RESTRICTIVE FOR INSERT TO rhivo_app
    WITH CHECK (CASE WHEN template = 'invitation' OR context ? 'invitation_of' THEN template = 'invitation' AND EXISTS (
        SELECT FROM memberships m JOIN users u ON u.id = m.user_id
        WHERE m.business_id = notification_logs.business_id AND notification_logs.business_id = owned_business_id()
          AND notification_logs.dedupe_key = concat_ws(' ', m.id, 'invitation')
          AND u.id = (notification_logs.context ->> 'invitation_of')::uuid AND u.email = notification_logs.recipient
    ) ELSE true END);
CREATE POLICY worker_reads ON notification_logs FOR SELECT TO rhivo_worker USING (true);
CREATE POLICY worker_delivers ON notification_logs FOR UPDATE TO rhivo_worker USING (true) WITH CHECK (true);
-- A message on a booking tells of one that is as it says, reaches nobody but its customer, and carries no link but its own.
CREATE POLICY acting_there_tells_customers ON notification_logs FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT current_business_id()) AND template LIKE 'appointment\_%');
-- The appointment must be reachable under the same claims: the query below is bound by the policies of appointments. A
-- message names the version it tells of, and is enqueued once, so each change is told of once at most.
CREATE POLICY tells_the_truth_of_bookings ON notification_logs AS RESTRICTIVE FOR INSERT TO rhivo_app
    WITH CHECK (CASE WHEN template LIKE 'appointment\_%' OR context ? 'manage_token_of' THEN EXISTS (
        SELECT FROM appointments a
        WHERE a.business_id = notification_logs.business_id
          AND a.id = (notification_logs.context ->> 'appointment_id')::uuid
          AND notification_logs.recipient IN (NULLIF(a.customer_email, ''), NULLIF(a.customer_phone, ''))
          AND (notification_logs.context ->> 'manage_token_of') IN ('', COALESCE(a.reservation_id, a.id)::text)
          AND notification_logs.dedupe_key = concat_ws(' ', a.id, substr(notification_logs.template, 13), a.version)
          AND CASE notification_logs.template
              WHEN 'appointment_confirmed' THEN a.status = 'confirmed' AND a.version = 1
              WHEN 'appointment_rescheduled' THEN a.status = 'confirmed' AND a.version > 1
              WHEN 'appointment_canceled' THEN a.status = 'canceled'
              ELSE false END
    ) ELSE true END);
GRANT SELECT, INSERT ON notification_logs TO rhivo_app;
GRANT UPDATE (status, attempts, due_at, sent_at, last_error) ON notification_logs TO rhivo_worker;
