-- Return the id up to which the history of a business is closed: no entry can appear at or below it any more. NULL
-- while the business is too busy.
-- 1. A writer draws the id of its entry under a lock that writers share until they commit (`write_history`).
-- 2. This function takes the same lock alone. It waits at most a tenth of a second, because writers wait behind it.
-- 3. Now nobody has drawn an id without committing it, and the highest id that is seen is the last one.
-- 4. The exception undoes the block and with it the lock, so that writers need not wait while a seal is computed.
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
