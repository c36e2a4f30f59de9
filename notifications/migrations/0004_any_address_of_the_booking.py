"""Bring the database's objects to what `notifications/sql` says: written by `makesqlmigration`, never edited."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("audit", "0002_row_level_security"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("bookings", "0003_performance_indexes"),
        ("businesses", "0003_row_level_security"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("notifications", "0003_channels_without_choices"),
        ("rhivo", "0001_claims"),
        ("sessions", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(
            sql=r"""
DROP POLICY tells_the_truth_of_bookings ON notification_logs;

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
""",
            reverse_sql=r"""
DROP POLICY tells_the_truth_of_bookings ON notification_logs;

CREATE POLICY tells_the_truth_of_bookings ON notification_logs AS RESTRICTIVE FOR INSERT TO rhivo_app
    WITH CHECK (CASE WHEN template LIKE 'appointment\_%' OR context ? 'manage_token_of' THEN EXISTS (
        SELECT FROM appointments a
        WHERE a.business_id = notification_logs.business_id
          AND a.id = (notification_logs.context ->> 'appointment_id')::uuid
          AND a.customer_email = notification_logs.recipient AND a.customer_email <> ''
          AND (notification_logs.context ->> 'manage_token_of') IN ('', COALESCE(a.reservation_id, a.id)::text)
          AND notification_logs.dedupe_key = concat_ws(' ', a.id, substr(notification_logs.template, 13), a.version)
          AND CASE notification_logs.template
              WHEN 'appointment_confirmed' THEN a.status = 'confirmed' AND a.version = 1
              WHEN 'appointment_rescheduled' THEN a.status = 'confirmed' AND a.version > 1
              WHEN 'appointment_canceled' THEN a.status = 'canceled'
              ELSE false END
    ) ELSE true END);
""",
        ),
    ]
