-- The former hash and writer of entries.
-- Append one entry. Concurrent writers of one thing are in turn already: they hold its row's lock.
CREATE OR REPLACE FUNCTION write_history(
    _business_id uuid, _entity text, _entity_id uuid, _action text, _before jsonb, _after jsonb
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _entry audit_logs;
BEGIN
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
    SELECT hash INTO _entry.previous_hash FROM audit_logs
        WHERE business_id = _business_id AND entity = _entity AND entity_id = _entity_id
        ORDER BY id DESC LIMIT 1;
    _entry.previous_hash := COALESCE(_entry.previous_hash, '');
    _entry.hash := history_hash(_entry);
    INSERT INTO audit_logs (business_id, entity, entity_id, action, actor_kind, actor, actor_role, reason,
                            request_id, before, after, at, previous_hash, hash)
        VALUES (_entry.business_id, _entry.entity, _entry.entity_id, _entry.action, _entry.actor_kind, _entry.actor,
                _entry.actor_role, _entry.reason, _entry.request_id, _entry.before, _entry.after, _entry.at,
                _entry.previous_hash, _entry.hash);
END $$;

-- The hash of an entry: SHA-256 over the previous hash and the entry as a JSON array in this order, in PostgreSQL's jsonb form.
CREATE OR REPLACE FUNCTION history_hash(_entry audit_logs) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
    SELECT encode(sha256(convert_to(_entry.previous_hash || jsonb_build_array(
        _entry.business_id, _entry.entity, _entry.entity_id, _entry.action, _entry.actor_kind, _entry.actor,
        _entry.actor_role, _entry.reason, _entry.request_id, _entry.before, _entry.after,
        to_char(_entry.at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    )::text, 'UTF8')), 'hex')
$$;

ALTER TABLE audit_logs DROP CONSTRAINT one_entry_continues_another;
DROP FUNCTION history_lock(uuid);
