"""Bring the database's objects to what `audit/sql` says: written by `makesqlmigration`, never edited."""

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
        ("rhivo", "0001_claims"),
        ("sessions", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(
            sql=r"""
CREATE OR REPLACE FUNCTION closed_history(_business_id uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _end bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(history_lock(_business_id)) THEN
        PERFORM set_config('lock_timeout', '100ms', true);
        PERFORM pg_advisory_xact_lock(history_lock(_business_id));
    END IF;
    SELECT COALESCE(max(id), 0) INTO _end FROM audit_logs WHERE business_id = _business_id;
    RAISE EXCEPTION 'undo the lock' USING ERRCODE = 'RH001';
EXCEPTION
    WHEN SQLSTATE 'RH001' THEN
        RETURN _end;
    WHEN lock_not_available THEN
        RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION closed_history(uuid) FROM PUBLIC;

CREATE OR REPLACE FUNCTION history_hash(_entry audit_logs) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT encode(sha256(convert_to(_entry.previous_hash || jsonb_build_array(
        _entry.id, _entry.business_id, _entry.entity, _entry.entity_id, _entry.action, _entry.actor_kind, _entry.actor,
        _entry.actor_role, _entry.reason, _entry.request_id, _entry.before, _entry.after,
        to_char(_entry.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    )::text, 'UTF8')), 'hex')
$$;

COMMENT ON FUNCTION history_hash(audit_logs) IS 'SHA-256 in hex over the previous hash and the canonical text of an entry';

REVOKE EXECUTE ON FUNCTION history_hash(audit_logs) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION history_hash(audit_logs) TO rhivo_app;

CREATE OR REPLACE FUNCTION history_lock(_business_id uuid) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT hashtextextended('history ' || _business_id::text, 0)
$$;

REVOKE EXECUTE ON FUNCTION history_lock(uuid) FROM PUBLIC;

CREATE OR REPLACE FUNCTION row_writes_history() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    _secret constant text[] := TG_ARGV[1:];
    _old constant jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    _new constant jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    _row constant jsonb := COALESCE(_new, _old);
    _before constant jsonb := without_secrets(_old, _secret);
    _after constant jsonb := without_secrets(_new, _secret);
    _action text := CASE TG_OP WHEN 'INSERT' THEN 'added' WHEN 'DELETE' THEN 'removed' ELSE 'changed' END;
BEGIN
    IF TG_OP = 'UPDATE' AND _before - 'version' = _after - 'version' THEN
        IF _old - 'version' = _new - 'version' THEN
            RETURN NULL;
        END IF;
        _action := 'secret_changed';
    END IF;
    PERFORM write_history(COALESCE(_row ->> 'business_id', _row ->> 'id')::uuid, TG_ARGV[0], (_row ->> 'id')::uuid,
                          _action, _before, _after);
    RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION row_writes_history() FROM PUBLIC;

CREATE OR REPLACE FUNCTION rows_unlike_history(_business_id uuid)
    RETURNS TABLE (entity text, entity_id uuid, last_entry_id bigint, problem text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    _watched record;
BEGIN
    FOR _watched IN
        SELECT tgrelid::regclass AS name, arguments[1] AS entity, arguments[2:cardinality(arguments) - 1] AS secret
        FROM pg_trigger, LATERAL (SELECT string_to_array(encode(tgargs, 'escape'), '\000') AS arguments) AS called
        WHERE tgnargs > 0 AND NOT tgisinternal ORDER BY 2
    LOOP
        RETURN QUERY EXECUTE format($query$
            SELECT %1$L, r.id, l.id,
                   CASE WHEN l.id IS NULL THEN 'no entry tells of it'
                        WHEN l.after IS NULL THEN 'its last entry says that it is gone'
                        WHEN l.differs <> '' THEN 'its last entry says otherwise about: ' || l.differs
                        ELSE 'it has version ' || (told ->> 'version') || ' and ' || entries || ' entries' END
            FROM %2$s r
            CROSS JOIN LATERAL (SELECT without_secrets(to_jsonb(r), %3$L) AS told) AS live
            LEFT JOIN LATERAL (
                SELECT last.id, last.after,
                       CASE WHEN last.after = told THEN '' ELSE (
                           SELECT COALESCE(string_agg(key, ', ' ORDER BY key), '')
                           FROM jsonb_each(COALESCE(last.after, '{}')) WHERE told ? key AND told -> key <> value
                                AND (key <> 'version' OR %4$L)) END AS differs
                FROM audit_logs last
                WHERE last.business_id = $1 AND last.entity = %1$L AND last.entity_id BETWEEN r.id AND r.id
                ORDER BY last.entity_id DESC, last.id DESC LIMIT 1
            ) AS l ON true
            CROSS JOIN LATERAL (
                SELECT CASE WHEN %4$L THEN count(*) END AS entries FROM audit_logs e
                WHERE %4$L AND e.business_id = $1 AND e.entity = %1$L AND e.entity_id = r.id
            ) AS counted
            WHERE r.%5$I = $1 AND (l.id IS NULL OR l.after IS NULL OR l.differs <> ''
                                   OR entries <> (told ->> 'version')::bigint)
            ORDER BY l.id NULLS FIRST
        $query$, _watched.entity, _watched.name, _watched.secret, _watched.entity = 'appointment',
            CASE WHEN _watched.entity = 'business' THEN 'id' ELSE 'business_id' END) USING _business_id;
    END LOOP;
END $$;

REVOKE EXECUTE ON FUNCTION rows_unlike_history(uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION rows_unlike_history(uuid) TO rhivo_worker;

CREATE OR REPLACE FUNCTION seal_history(_business_id uuid, _limit integer DEFAULT 10000) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _seal audit_seals;
    _start bigint;
    _end bigint;
    _lines text;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'history is sealed at READ COMMITTED only'
            USING ERRCODE = 'serialization_failure', CONSTRAINT = 'seals_need_read_committed';
    END IF;
    IF NOT pg_try_advisory_xact_lock(hashtextextended('seal ' || _business_id::text, 0)) THEN
        RETURN NULL;
    END IF;
    _end := closed_history(_business_id);
    IF _end IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT last_entry_id, digest INTO _start, _seal.previous_digest FROM audit_seals
        WHERE business_id = _business_id ORDER BY last_entry_id DESC LIMIT 1;
    PERFORM FROM audit_logs
        WHERE business_id = _business_id AND id > COALESCE(_start, 0) AND id <= _end AND entity <> 'seal' LIMIT 1;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    SELECT count(*), max(id), string_agg(E'\n' || id || ' ' || hash, '' ORDER BY id)
        INTO _seal.entries, _seal.last_entry_id, _lines
        FROM (SELECT id, hash FROM audit_logs WHERE business_id = _business_id AND id > COALESCE(_start, 0) AND id <= _end
              ORDER BY id LIMIT _limit) AS unsealed;
    _seal.id := nextval('audit_seals_id_seq');
    _seal.business_id := _business_id;
    _seal.previous_digest := COALESCE(_seal.previous_digest, '');
    _seal.sealed_at := clock_timestamp();
    _seal.digest := encode(sha256(convert_to(
        _seal.previous_digest || _lines || E'\n' || _seal.id || ' ' || _business_id || ' '
        || to_char(_seal.sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8')), 'hex');
    INSERT INTO audit_seals (id, business_id, last_entry_id, entries, digest, previous_digest, sealed_at)
        VALUES (_seal.id, _seal.business_id, _seal.last_entry_id, _seal.entries, _seal.digest, _seal.previous_digest,
                _seal.sealed_at);
    PERFORM write_history(_business_id, 'seal', _business_id, 'sealed', NULL,
                          jsonb_build_object('id', _seal.id, 'entries', _seal.entries,
                                             'last_entry_id', _seal.last_entry_id, 'digest', _seal.digest));
    RETURN _seal.entries;
END $$;

REVOKE EXECUTE ON FUNCTION seal_history(uuid, integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION seal_history(uuid, integer) TO rhivo_worker;

CREATE OR REPLACE FUNCTION without_secrets(_row jsonb, _secret text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT _row - _secret
$$;

REVOKE EXECUTE ON FUNCTION without_secrets(jsonb, text[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION write_history(
    _business_id uuid, _entity text, _entity_id uuid, _action text, _before jsonb, _after jsonb
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _entry audit_logs;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(history_lock(_business_id));
    _entry.id := nextval('audit_logs_id_seq');
    _entry.business_id := _business_id;
    _entry.entity := _entity;
    _entry.entity_id := _entity_id;
    _entry.action := _action;
    _entry.actor_role := COALESCE(current_user_role(), '');
    _entry.reason := COALESCE(current_setting('rhivo.reason', true), '');
    _entry.request_id := COALESCE(current_setting('rhivo.request_id', true), '');
    _entry.before := _before;
    _entry.after := _after;
    _entry.at := clock_timestamp();
    IF current_user_id() IS NOT NULL THEN
        _entry.actor_kind := 'user';
        _entry.actor := current_user_id()::text;
    ELSIF current_cancellation_token() IS NOT NULL THEN
        _entry.actor_kind := 'guest';
        _entry.actor := 'guest';
    ELSIF session_user = 'rhivo_worker' THEN
        _entry.actor_kind := 'worker';
        _entry.actor := session_user;
    ELSIF session_user = 'rhivo_app' THEN
        _entry.actor_kind := 'public';
        _entry.actor := 'public';
    ELSE
        _entry.actor_kind := 'database';
        _entry.actor := session_user;
    END IF;
    -- A range and an order that audit_by_entity alone can give: by `=` and id, a plan made while the table was small may
    -- walk backwards through all of the business.
    SELECT hash INTO _entry.previous_hash FROM audit_logs
        WHERE business_id = _business_id AND entity = _entity AND entity_id BETWEEN _entity_id AND _entity_id
        ORDER BY entity_id DESC, id DESC LIMIT 1;
    _entry.previous_hash := COALESCE(_entry.previous_hash, '');
    _entry.hash := history_hash(_entry);
    INSERT INTO audit_logs (id, business_id, entity, entity_id, action, actor_kind, actor, actor_role, reason,
                            request_id, before, after, at, previous_hash, hash)
        VALUES (_entry.id, _entry.business_id, _entry.entity, _entry.entity_id, _entry.action, _entry.actor_kind,
                _entry.actor, _entry.actor_role, _entry.reason, _entry.request_id, _entry.before, _entry.after,
                _entry.at, _entry.previous_hash, _entry.hash);
END $$;

REVOKE EXECUTE ON FUNCTION write_history(uuid, text, uuid, text, jsonb, jsonb) FROM PUBLIC;

ALTER TABLE audit_logs ENABLE ROW LEVEL SECURITY;

ALTER TABLE audit_logs FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_sees_all ON audit_logs TO rhivo_owner USING (true) WITH CHECK (true);

ALTER TABLE audit_logs ADD CONSTRAINT one_entry_continues_another
    EXCLUDE (business_id WITH =, previous_hash WITH =) WHERE (previous_hash <> '');

CREATE POLICY worker_reads_all ON audit_logs FOR SELECT TO rhivo_worker USING (true);

CREATE POLICY people_at_work_read ON audit_logs FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()) AND entity = 'appointment');

CREATE POLICY its_owner_reads ON audit_logs FOR SELECT TO rhivo_app
    USING (business_id = (SELECT owned_business_id()) AND entity <> 'seal');

CREATE POLICY whose_appointment_it_is_reads ON audit_logs FOR SELECT TO rhivo_app
    USING ((SELECT working_business_id()) IS NULL AND entity = 'appointment'
           AND (SELECT true FROM appointments a
                WHERE a.id = audit_logs.entity_id AND a.business_id = audit_logs.business_id));

GRANT SELECT ON audit_logs TO rhivo_app;

CREATE TRIGGER before_change BEFORE UPDATE OR DELETE ON audit_logs
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();

CREATE TRIGGER before_truncate BEFORE TRUNCATE ON audit_logs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();

ALTER TABLE audit_seals ENABLE ROW LEVEL SECURITY;

ALTER TABLE audit_seals FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_sees_all ON audit_seals TO rhivo_owner USING (true) WITH CHECK (true);

CREATE POLICY its_owner_reads ON audit_seals FOR SELECT TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));

CREATE POLICY worker_reads_all ON audit_seals FOR SELECT TO rhivo_worker USING (true);

GRANT SELECT ON audit_seals TO rhivo_app, rhivo_worker;

CREATE TRIGGER before_change BEFORE UPDATE OR DELETE ON audit_seals
    FOR EACH ROW EXECUTE FUNCTION refuse_rewrite();

CREATE TRIGGER before_truncate BEFORE TRUNCATE ON audit_seals
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewrite();
""",
            reverse_sql=r"""
DROP TRIGGER before_truncate ON audit_seals;

DROP TRIGGER before_change ON audit_seals;

REVOKE SELECT ON audit_seals FROM rhivo_app, rhivo_worker;

DROP POLICY worker_reads_all ON audit_seals;

DROP POLICY its_owner_reads ON audit_seals;

DROP POLICY owner_sees_all ON audit_seals;

ALTER TABLE audit_seals NO FORCE ROW LEVEL SECURITY;

ALTER TABLE audit_seals DISABLE ROW LEVEL SECURITY;

DROP TRIGGER before_truncate ON audit_logs;

DROP TRIGGER before_change ON audit_logs;

REVOKE SELECT ON audit_logs FROM rhivo_app;

DROP POLICY whose_appointment_it_is_reads ON audit_logs;

DROP POLICY its_owner_reads ON audit_logs;

DROP POLICY people_at_work_read ON audit_logs;

DROP POLICY worker_reads_all ON audit_logs;

ALTER TABLE audit_logs DROP CONSTRAINT one_entry_continues_another;

DROP POLICY owner_sees_all ON audit_logs;

ALTER TABLE audit_logs NO FORCE ROW LEVEL SECURITY;

ALTER TABLE audit_logs DISABLE ROW LEVEL SECURITY;

GRANT EXECUTE ON FUNCTION write_history(uuid, text, uuid, text, jsonb, jsonb) TO PUBLIC;

DROP FUNCTION write_history( _business_id uuid, _entity text, _entity_id uuid, _action text, _before jsonb, _after jsonb );

GRANT EXECUTE ON FUNCTION without_secrets(jsonb, text[]) TO PUBLIC;

DROP FUNCTION without_secrets(_row jsonb, _secret text[]);

REVOKE EXECUTE ON FUNCTION seal_history(uuid, integer) FROM rhivo_worker;

GRANT EXECUTE ON FUNCTION seal_history(uuid, integer) TO PUBLIC;

DROP FUNCTION seal_history(_business_id uuid, _limit integer);

REVOKE EXECUTE ON FUNCTION rows_unlike_history(uuid) FROM rhivo_worker;

GRANT EXECUTE ON FUNCTION rows_unlike_history(uuid) TO PUBLIC;

DROP FUNCTION rows_unlike_history(_business_id uuid);

GRANT EXECUTE ON FUNCTION row_writes_history() TO PUBLIC;

DROP FUNCTION row_writes_history();

GRANT EXECUTE ON FUNCTION history_lock(uuid) TO PUBLIC;

DROP FUNCTION history_lock(_business_id uuid);

REVOKE EXECUTE ON FUNCTION history_hash(audit_logs) FROM rhivo_app;

GRANT EXECUTE ON FUNCTION history_hash(audit_logs) TO PUBLIC;

COMMENT ON FUNCTION history_hash(audit_logs) IS NULL;

DROP FUNCTION history_hash(_entry audit_logs);

GRANT EXECUTE ON FUNCTION closed_history(uuid) TO PUBLIC;

DROP FUNCTION closed_history(_business_id uuid);
""",
        ),
    ]
