-- Shared by all who write a business's history, taken alone for a moment by who seals it: below the highest id that is
-- seen under it nothing can appear any more.
CREATE OR REPLACE FUNCTION history_lock(_business_id uuid) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT hashtextextended('history ' || _business_id::text, 0)
$$;
REVOKE EXECUTE ON FUNCTION history_lock(uuid) FROM PUBLIC;
