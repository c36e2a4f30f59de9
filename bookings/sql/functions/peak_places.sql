-- The most places of a service that are taken at any one instant of a range: a sweep over starts and ends, ends first.
CREATE OR REPLACE FUNCTION peak_places(_service_id uuid, _during tstzrange) RETURNS bigint
    LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT COALESCE(max(running), 0) FROM (
        SELECT sum(step) OVER (ORDER BY at, step ROWS UNBOUNDED PRECEDING) AS running
        FROM busy_times b, LATERAL (
            VALUES (GREATEST(lower(b.during), lower(_during)), b.places::int), (upper(b.during), -b.places::int)
        ) AS event (at, step)
        WHERE b.service_id = _service_id AND b.segment = 0 AND b.during && _during
    ) AS sweep
$$;
REVOKE EXECUTE ON FUNCTION peak_places(uuid, tstzrange) FROM PUBLIC;
