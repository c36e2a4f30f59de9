-- The hold made under a key, after waiting for whoever is making one; a hold that ran out gives its key up here.
-- It looks at the claims before anything else: for another business it neither answers, nor waits, nor writes.
CREATE OR REPLACE FUNCTION hold_of_key(_business_id uuid, _key text) RETURNS TABLE (id uuid, request_fingerprint text)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _business_id IS DISTINCT FROM current_business_id() THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('hold ' || _business_id::text || _key, 0));
    UPDATE reservations r SET status = 'expired'
        WHERE r.business_id = _business_id AND r.idempotency_key = _key AND r.status = 'held'
          AND r.expires_at <= clock_timestamp();
    RETURN QUERY SELECT r.id, r.request_fingerprint::text FROM reservations r
        WHERE r.business_id = _business_id AND r.idempotency_key = _key;
END $$;
REVOKE EXECUTE ON FUNCTION hold_of_key(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hold_of_key(uuid, text) TO rhivo_app;
