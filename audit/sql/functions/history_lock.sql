-- Return the key of the advisory lock on a business's history. Writers share it; `closed_history` takes it alone for a
-- moment and says why.
CREATE OR REPLACE FUNCTION history_lock(_business_id uuid) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT hashtextextended('history ' || _business_id::text, 0)
$$;
REVOKE EXECUTE ON FUNCTION history_lock(uuid) FROM PUBLIC;
