-- Append one entry. Writers of one thing already take turns: they hold the lock of its row, or of its chain
-- (`record_event`). The id is drawn under the lock that a sealer waits for: else an entry could appear below a sealed
-- one.
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
