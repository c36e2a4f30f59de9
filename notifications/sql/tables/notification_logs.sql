-- The outbox. A message is enqueued unsent, under the claims of its business. The worker delivers it; what it says and to
-- whom cannot be changed.
-- @tenant_table

CREATE POLICY people_at_work_read ON notification_logs FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()));
CREATE POLICY its_owner_enqueues ON notification_logs FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY begins_unsent ON notification_logs AS RESTRICTIVE FOR INSERT TO rhivo_app
    WITH CHECK (status = 'pending' AND attempts = 0 AND sent_at IS NULL);
-- An invitation becomes a link that sets the password of the account in `invitation_of`. So it goes to the address of
-- that account, a member here, and to no other.
CREATE POLICY invites_members_alone ON notification_logs AS RESTRICTIVE FOR INSERT TO rhivo_app
    WITH CHECK (CASE WHEN template = 'invitation' OR context ? 'invitation_of' THEN template = 'invitation' AND EXISTS (
        SELECT FROM memberships m JOIN users u ON u.id = m.user_id
        WHERE m.business_id = notification_logs.business_id AND notification_logs.business_id = owned_business_id()
          AND notification_logs.dedupe_key = concat_ws(' ', m.id, 'invitation')
          AND u.id = (notification_logs.context ->> 'invitation_of')::uuid AND u.email = notification_logs.recipient
    ) ELSE true END);
CREATE POLICY worker_reads ON notification_logs FOR SELECT TO rhivo_worker USING (true);
CREATE POLICY worker_delivers ON notification_logs FOR UPDATE TO rhivo_worker USING (true) WITH CHECK (true);
-- The others who act in a business, its customers and guests too, enqueue messages on bookings alone.
CREATE POLICY acting_there_tells_customers ON notification_logs FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT current_business_id()) AND template LIKE 'appointment\_%');
-- A message on a booking says what happened to it, goes to its own email address or phone number by whatever channel,
-- and carries no link but its own. Who writes it must be able to read the booking: the policies of appointments bind the
-- query below. Its key names the version, and a key is unique: a customer gets one message about a change at most.
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
