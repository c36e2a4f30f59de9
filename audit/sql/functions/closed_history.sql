-- The last id below which the history of a business is closed, NULL while it is too busy. Alone under the lock that its
-- writers share there is nobody who has drawn an id and not committed. The lock is given back at once, by undoing the
-- block in which it was taken: writers never wait for the reckoning of a seal, and for this at most a tenth of a second.
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
