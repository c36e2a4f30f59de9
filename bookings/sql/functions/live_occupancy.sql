-- The live occupancy of a service, and of the given people and resources in any service, that overlaps a range: for each
-- of them its beginnings and ends, in the same order, in whole minutes since the epoch. A row for each would take its
-- reader several times as long as the search. `places` is 0 where a row takes none of this service, and `class_key` is
-- NULL but for a class; `continues` where a person goes on after processing time. Answers for the business of the claims
-- only, while its pages are open or its people ask.
-- A function of the owner's, because row security would keep `&&`, which is not leakproof, from using the index. One plan
-- for all calls, without workers: planning, or starting them, would take longer than the search. IS NOT DISTINCT FROM
-- only filters: as `=` it would invite a walk through the whole business's past.
CREATE OR REPLACE FUNCTION live_occupancy(
    _business_id uuid, _service_id uuid, _staff_ids uuid[], _resource_ids uuid[], _within tstzrange, _at timestamptz, _except uuid
) RETURNS TABLE (
    service_id uuid, staff_id uuid, resource_id uuid, class_key uuid, places smallint, continues boolean,
    begins integer[], ends integer[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan SET max_parallel_workers_per_gather = 0 AS $$
BEGIN
    IF _business_id IS DISTINCT FROM current_business_id() OR NOT EXISTS (
        SELECT FROM services s JOIN businesses b ON b.id = s.business_id
        WHERE s.business_id = _business_id AND s.id = _service_id AND (b.is_active OR b.id = working_business_id())
    ) THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH occupancy AS (
        SELECT b.service_id, b.staff_id, b.resource_id, b.class_key, b.source_id, b.places, b.segment, b.during
        FROM busy_times b
        WHERE b.service_id = _service_id AND b.segment = 0 AND b.during && _within
          AND b.business_id IS NOT DISTINCT FROM _business_id
          AND (b.expires_at IS NULL OR b.expires_at > _at) AND b.source_id IS DISTINCT FROM _except
        UNION ALL
        SELECT b.service_id, b.staff_id, b.resource_id, b.class_key, b.source_id, 0::smallint, b.segment, b.during
        FROM busy_times b
        WHERE b.business_id = _business_id AND b.staff_id = ANY (_staff_ids) AND b.during && _within
          AND (b.service_id <> _service_id OR b.segment <> 0)
          AND (b.expires_at IS NULL OR b.expires_at > _at) AND b.source_id IS DISTINCT FROM _except
        UNION ALL
        SELECT b.service_id, b.staff_id, b.resource_id, b.class_key, b.source_id, 0::smallint, b.segment, b.during
        FROM busy_times b
        WHERE b.business_id = _business_id AND b.resource_id = ANY (_resource_ids) AND b.during && _within
          AND (b.expires_at IS NULL OR b.expires_at > _at) AND b.source_id IS DISTINCT FROM _except
    )
    SELECT c.service_id, c.staff_id, c.resource_id, NULLIF(c.class_key, c.source_id), c.places, c.segment = 2,
           array_agg((date_part('epoch', lower(c.during)) / 60)::integer),
           array_agg((date_part('epoch', upper(c.during)) / 60)::integer)
    FROM occupancy c GROUP BY 1, 2, 3, 4, 5, 6;
END $$;
REVOKE EXECUTE ON FUNCTION live_occupancy(uuid, uuid, uuid[], uuid[], tstzrange, timestamptz, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION live_occupancy(uuid, uuid, uuid[], uuid[], tstzrange, timestamptz, uuid) TO rhivo_app;
