-- Entries of what no table shows: log-ins, refused ones, log-outs and exports. No other function writes such entries.
-- Where: a log-in in each business where the person works. If they work nowhere, or nobody knows the account, in the
-- business of the claims; without one under the installation's own id, which is all zeros.
-- Who: a log-in or log-out only by the person; an export only by people at work there, or by an operator.
-- How many: a refused log-in is left out if the same account had sixty entries within a minute, so that a flood does
-- not fill the table.
-- The entries of one thing form a chain, so their writers take turns by a lock. Whoever waited must then see the entry
-- of the one before; at REPEATABLE READ the snapshot is older than the lock, hence READ COMMITTED only.
CREATE OR REPLACE FUNCTION record_event(_entity text, _entity_id uuid, _action text, _details jsonb) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _installation constant uuid := '00000000-0000-0000-0000-000000000000';
    _about constant uuid := COALESCE(_entity_id, _installation);
    _here constant uuid := COALESCE(current_business_id(), _installation);
    _places uuid[] := ARRAY[_here];
    _place uuid;
    _sixtieth timestamptz;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'events are recorded at READ COMMITTED only'
            USING ERRCODE = 'serialization_failure', CONSTRAINT = 'events_need_read_committed';
    END IF;
    IF (_entity || ' ' || _action = 'login refused'
        OR _entity || ' ' || _action IN ('login logged_in', 'login logged_out') AND _about = current_user_id()
        OR _entity || ' ' || _action = 'export exported' AND _about = _here
           AND (working_business_id() IS NOT NULL OR session_user = 'rhivo_worker')) IS NOT TRUE
       OR jsonb_typeof(_details) <> 'object' OR octet_length(_details::text) > 500 THEN
        RAISE EXCEPTION 'this is no event that may be told'
            USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'event_is_allowed';
    END IF;
    IF _entity = 'login' AND EXISTS (SELECT FROM memberships WHERE user_id = _about) THEN
        _places := ARRAY(SELECT business_id FROM memberships WHERE user_id = _about ORDER BY business_id);
    END IF;
    FOREACH _place IN ARRAY _places LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended('history ' || _place::text || _entity || _about::text, 0));
        SELECT at INTO _sixtieth FROM audit_logs
            WHERE business_id = _place AND entity = _entity AND entity_id BETWEEN _about AND _about
            ORDER BY entity_id DESC, id DESC OFFSET 59 LIMIT 1;
        IF _action <> 'refused' OR _sixtieth IS NULL OR _sixtieth < clock_timestamp() - interval '1 minute' THEN
            PERFORM write_history(_place, _entity, _about, _action, NULL, _details);
        END IF;
    END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION record_event(text, uuid, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_event(text, uuid, text, jsonb) TO rhivo_app;
