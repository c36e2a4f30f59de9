-- The appointment made under a key, after waiting for whoever is making one.
-- It looks at the claims before anything else: for another business it neither answers, nor waits, nor writes.
CREATE OR REPLACE FUNCTION appointment_of_key(_business_id uuid, _key text) RETURNS TABLE (id uuid, request_fingerprint text)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _business_id IS DISTINCT FROM current_business_id() THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('appointment ' || _business_id::text || _key, 0));
    RETURN QUERY SELECT a.id, a.request_fingerprint::text FROM appointments a
        WHERE a.business_id = _business_id AND a.idempotency_key = _key;
END $$;
REVOKE EXECUTE ON FUNCTION appointment_of_key(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION appointment_of_key(uuid, text) TO rhivo_app;
