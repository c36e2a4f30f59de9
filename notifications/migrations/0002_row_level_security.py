"""Bring the database's objects to what `notifications/sql` says: written by `makesqlmigration`, never edited."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("audit", "0002_row_level_security"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("bookings", "0001_reservations_and_appointments"),
        ("businesses", "0003_row_level_security"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("notifications", "0001_outbox"),
        ("rhivo", "0001_claims"),
        ("sessions", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(
            sql=r"""
ALTER TABLE notification_logs ENABLE ROW LEVEL SECURITY;

ALTER TABLE notification_logs FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_sees_all ON notification_logs TO rhivo_owner USING (true) WITH CHECK (true);

CREATE POLICY people_at_work_read ON notification_logs FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()));

CREATE POLICY its_owner_enqueues ON notification_logs FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY begins_unsent ON notification_logs AS RESTRICTIVE FOR INSERT TO rhivo_app
    WITH CHECK (status = 'pending' AND attempts = 0 AND sent_at IS NULL);

CREATE POLICY invites_members_alone ON notification_logs AS RESTRICTIVE FOR INSERT TO rhivo_app
    WITH CHECK (CASE WHEN template = 'invitation' OR context ? 'invitation_of' THEN template = 'invitation' AND EXISTS (
        SELECT FROM memberships m JOIN users u ON u.id = m.user_id
        WHERE m.business_id = notification_logs.business_id AND notification_logs.business_id = owned_business_id()
          AND notification_logs.dedupe_key = concat_ws(' ', m.id, 'invitation')
          AND u.id = (notification_logs.context ->> 'invitation_of')::uuid AND u.email = notification_logs.recipient
    ) ELSE true END);

CREATE POLICY worker_reads ON notification_logs FOR SELECT TO rhivo_worker USING (true);

CREATE POLICY worker_delivers ON notification_logs FOR UPDATE TO rhivo_worker USING (true) WITH CHECK (true);

CREATE POLICY acting_there_tells_customers ON notification_logs FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT current_business_id()) AND template LIKE 'appointment\_%');

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

ALTER TABLE webhook_endpoints ENABLE ROW LEVEL SECURITY;

ALTER TABLE webhook_endpoints FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_sees_all ON webhook_endpoints TO rhivo_owner USING (true) WITH CHECK (true);

CREATE TRIGGER after_change AFTER INSERT OR UPDATE OR DELETE ON webhook_endpoints
            FOR EACH ROW EXECUTE FUNCTION row_writes_history('webhook', 'secret');

CREATE POLICY its_owner_manages ON webhook_endpoints TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));

CREATE POLICY worker_reads ON webhook_endpoints FOR SELECT TO rhivo_worker USING (true);

GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints TO rhivo_app;
""",
            reverse_sql=r"""
REVOKE SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints FROM rhivo_app;

DROP POLICY worker_reads ON webhook_endpoints;

DROP POLICY its_owner_manages ON webhook_endpoints;

DROP TRIGGER after_change ON webhook_endpoints;

DROP POLICY owner_sees_all ON webhook_endpoints;

ALTER TABLE webhook_endpoints NO FORCE ROW LEVEL SECURITY;

ALTER TABLE webhook_endpoints DISABLE ROW LEVEL SECURITY;

REVOKE UPDATE (status, attempts, due_at, sent_at, last_error) ON notification_logs FROM rhivo_worker;

REVOKE SELECT, INSERT ON notification_logs FROM rhivo_app;

DROP POLICY tells_the_truth_of_bookings ON notification_logs;

DROP POLICY acting_there_tells_customers ON notification_logs;

DROP POLICY worker_delivers ON notification_logs;

DROP POLICY worker_reads ON notification_logs;

DROP POLICY invites_members_alone ON notification_logs;

DROP POLICY begins_unsent ON notification_logs;

DROP POLICY its_owner_enqueues ON notification_logs;

DROP POLICY people_at_work_read ON notification_logs;

DROP POLICY owner_sees_all ON notification_logs;

ALTER TABLE notification_logs NO FORCE ROW LEVEL SECURITY;

ALTER TABLE notification_logs DISABLE ROW LEVEL SECURITY;
""",
        ),
    ]
