-- Messages begin unsent, are owed by the owner or under the policy of an app that knows what happened, and invite only a
-- member, at that member's address.

DROP POLICY acting_there_adds ON notification_logs;
CREATE POLICY its_owner_owes ON notification_logs FOR INSERT TO rhivo_app
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

-- The worker delivers what others owe: an operator who owes something does so under the claims of a business.
DROP POLICY worker_delivers ON notification_logs;
CREATE POLICY worker_reads ON notification_logs FOR SELECT TO rhivo_worker USING (true);
CREATE POLICY worker_delivers ON notification_logs FOR UPDATE TO rhivo_worker USING (true) WITH CHECK (true);
