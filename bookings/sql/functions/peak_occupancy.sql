-- The most claims on a service at any one instant of a range: a sweep over starts (+1) and ends (-1), ends first.
CREATE OR REPLACE FUNCTION peak_occupancy(_service_id uuid, _during tstzrange) RETURNS bigint
    LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT COALESCE(max(running), 0) FROM (
        SELECT sum(step) OVER (ORDER BY at, step ROWS UNBOUNDED PRECEDING) AS running
        FROM busy_times b,
             LATERAL (VALUES (GREATEST(lower(b.during), lower(_during)), 1), (upper(b.during), -1)) AS event (at, step)
        WHERE b.service_id = _service_id AND b.during && _during
    ) AS sweep
$$;
REVOKE EXECUTE ON FUNCTION peak_occupancy(uuid, tstzrange) FROM PUBLIC;
