"""Bring the database's objects to what `rhivo/sql` says: written by `makesqlmigration`, never edited."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("audit", "0001_history"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("bookings", "0001_reservations_and_appointments"),
        ("businesses", "0002_availability"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("notifications", "0001_outbox"),
        ("sessions", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(
            sql=r"""
GRANT USAGE ON SCHEMA public TO rhivo_app, rhivo_worker;

DO $$ BEGIN
    EXECUTE format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM PUBLIC', current_database());
END $$;

CREATE OR REPLACE FUNCTION bump_version() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.version := next_version(OLD.version, NEW.version);
    RETURN NEW;
END $$;

REVOKE EXECUTE ON FUNCTION bump_version() FROM PUBLIC;

CREATE OR REPLACE FUNCTION current_business_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('rhivo.business_id', true), '')::uuid $$;

COMMENT ON FUNCTION current_business_id() IS 'The business that the claims in force are for, or NULL';

REVOKE EXECUTE ON FUNCTION current_business_id() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION current_business_id() TO rhivo_app;

CREATE OR REPLACE FUNCTION current_cancellation_token() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('rhivo.cancellation_token', true), '') $$;

COMMENT ON FUNCTION current_cancellation_token() IS 'SHA-256 in hex of the token a guest presents, or NULL';

REVOKE EXECUTE ON FUNCTION current_cancellation_token() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION current_cancellation_token() TO rhivo_app;

CREATE OR REPLACE FUNCTION current_reservation_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('rhivo.reservation_id', true), '')::uuid $$;

COMMENT ON FUNCTION current_reservation_id() IS 'The hold a visitor presents, or NULL';

REVOKE EXECUTE ON FUNCTION current_reservation_id() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION current_reservation_id() TO rhivo_app;

CREATE OR REPLACE FUNCTION current_user_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('rhivo.user_id', true), '')::uuid $$;

COMMENT ON FUNCTION current_user_id() IS 'The signed-in person, or NULL';

REVOKE EXECUTE ON FUNCTION current_user_id() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION current_user_id() TO rhivo_app;

CREATE OR REPLACE FUNCTION current_user_role() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('rhivo.role', true), '') $$;

COMMENT ON FUNCTION current_user_role() IS 'owner, staff or customer in the business of the claims, or NULL';

REVOKE EXECUTE ON FUNCTION current_user_role() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION current_user_role() TO rhivo_app;

CREATE OR REPLACE FUNCTION next_version(_current integer, _read integer) RETURNS integer
    LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _read IS DISTINCT FROM _current THEN
        RAISE EXCEPTION 'version % was read, % is current', _read, _current
            USING ERRCODE = 'check_violation', CONSTRAINT = 'version_is_current';
    END IF;
    RETURN _current + 1;
END $$;

REVOKE EXECUTE ON FUNCTION next_version(integer, integer) FROM PUBLIC;

CREATE OR REPLACE FUNCTION owned_business_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT current_business_id() WHERE current_user_role() = 'owner' $$;

COMMENT ON FUNCTION owned_business_id() IS 'The business whose owner is acting, or NULL';

REVOKE EXECUTE ON FUNCTION owned_business_id() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION owned_business_id() TO rhivo_app;

CREATE OR REPLACE FUNCTION refuse_rewrite() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'append_only';
END $$;

REVOKE EXECUTE ON FUNCTION refuse_rewrite() FROM PUBLIC;

CREATE OR REPLACE FUNCTION working_business_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT current_business_id() WHERE current_user_role() IN ('owner', 'staff') $$;

COMMENT ON FUNCTION working_business_id() IS 'The business whose staff or owner is acting, or NULL';

REVOKE EXECUTE ON FUNCTION working_business_id() FROM PUBLIC;

GRANT EXECUTE ON FUNCTION working_business_id() TO rhivo_app;

GRANT SELECT ON auth_permission TO rhivo_app;

GRANT SELECT, INSERT ON django_admin_log TO rhivo_app;

GRANT USAGE ON SEQUENCE django_admin_log_id_seq TO rhivo_app;

GRANT SELECT ON django_content_type TO rhivo_app;

GRANT SELECT ON django_migrations TO rhivo_app;

GRANT SELECT, INSERT, UPDATE, DELETE ON django_session TO rhivo_app;
""",
            reverse_sql=r"""
REVOKE SELECT, INSERT, UPDATE, DELETE ON django_session FROM rhivo_app;

REVOKE SELECT ON django_migrations FROM rhivo_app;

REVOKE SELECT ON django_content_type FROM rhivo_app;

REVOKE USAGE ON SEQUENCE django_admin_log_id_seq FROM rhivo_app;

REVOKE SELECT, INSERT ON django_admin_log FROM rhivo_app;

REVOKE SELECT ON auth_permission FROM rhivo_app;

REVOKE EXECUTE ON FUNCTION working_business_id() FROM rhivo_app;

GRANT EXECUTE ON FUNCTION working_business_id() TO PUBLIC;

COMMENT ON FUNCTION working_business_id() IS NULL;

DROP FUNCTION working_business_id();

GRANT EXECUTE ON FUNCTION refuse_rewrite() TO PUBLIC;

DROP FUNCTION refuse_rewrite();

REVOKE EXECUTE ON FUNCTION owned_business_id() FROM rhivo_app;

GRANT EXECUTE ON FUNCTION owned_business_id() TO PUBLIC;

COMMENT ON FUNCTION owned_business_id() IS NULL;

DROP FUNCTION owned_business_id();

GRANT EXECUTE ON FUNCTION next_version(integer, integer) TO PUBLIC;

DROP FUNCTION next_version(_current integer, _read integer);

REVOKE EXECUTE ON FUNCTION current_user_role() FROM rhivo_app;

GRANT EXECUTE ON FUNCTION current_user_role() TO PUBLIC;

COMMENT ON FUNCTION current_user_role() IS NULL;

DROP FUNCTION current_user_role();

REVOKE EXECUTE ON FUNCTION current_user_id() FROM rhivo_app;

GRANT EXECUTE ON FUNCTION current_user_id() TO PUBLIC;

COMMENT ON FUNCTION current_user_id() IS NULL;

DROP FUNCTION current_user_id();

REVOKE EXECUTE ON FUNCTION current_reservation_id() FROM rhivo_app;

GRANT EXECUTE ON FUNCTION current_reservation_id() TO PUBLIC;

COMMENT ON FUNCTION current_reservation_id() IS NULL;

DROP FUNCTION current_reservation_id();

REVOKE EXECUTE ON FUNCTION current_cancellation_token() FROM rhivo_app;

GRANT EXECUTE ON FUNCTION current_cancellation_token() TO PUBLIC;

COMMENT ON FUNCTION current_cancellation_token() IS NULL;

DROP FUNCTION current_cancellation_token();

REVOKE EXECUTE ON FUNCTION current_business_id() FROM rhivo_app;

GRANT EXECUTE ON FUNCTION current_business_id() TO PUBLIC;

COMMENT ON FUNCTION current_business_id() IS NULL;

DROP FUNCTION current_business_id();

GRANT EXECUTE ON FUNCTION bump_version() TO PUBLIC;

DROP FUNCTION bump_version();

REVOKE USAGE ON SCHEMA public FROM rhivo_app, rhivo_worker;
""",
        ),
    ]
