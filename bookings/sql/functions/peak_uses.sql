-- The most uses of a person or of a resource by others at any one instant of a range. The bookings of one class are one
-- use: they all contain its start, so together they are one range. The class that asks does not count.
CREATE OR REPLACE FUNCTION peak_uses(
    _business_id uuid, _staff_id uuid, _resource_id uuid, _during tstzrange, _class_key uuid
) RETURNS bigint
    LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    WITH uses AS (
        SELECT min(lower(during)) AS begins, max(upper(during)) AS ends
        FROM (
            SELECT class_key, segment, during FROM busy_times
                WHERE business_id = _business_id AND staff_id = _staff_id AND during && _during AND class_key <> _class_key
            UNION ALL
            SELECT class_key, segment, during FROM busy_times
                WHERE business_id = _business_id AND resource_id = _resource_id AND during && _during AND class_key <> _class_key
        ) AS claim
        GROUP BY class_key, segment
    )
    SELECT COALESCE(max(running), 0) FROM (
        SELECT sum(step) OVER (ORDER BY at, step ROWS UNBOUNDED PRECEDING) AS running
        FROM uses, LATERAL (VALUES (GREATEST(begins, lower(_during)), 1), (ends, -1)) AS event (at, step)
    ) AS sweep
$$;
REVOKE EXECUTE ON FUNCTION peak_uses(uuid, uuid, uuid, tstzrange, uuid) FROM PUBLIC;
