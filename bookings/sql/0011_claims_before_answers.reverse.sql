DROP POLICY worker_reads ON reservations;
DROP POLICY worker_ends ON reservations;
DROP POLICY worker_forgets ON reservations;
CREATE POLICY worker_ends ON reservations TO rhivo_worker USING (true) WITH CHECK (true);

GRANT EXECUTE ON FUNCTION peak_of_claims(uuid, tstzrange), group_session(uuid, timestamptz),
    claimed_range(timestamptz, timestamptz, integer, integer),
    reservation_claims_its_time(), appointment_claims_its_time(), reservation_takes_the_terms(), reservation_only_ends(),
    appointment_takes_the_terms(), appointment_keeps_the_terms(), appointment_status_moves_legally(),
    appointment_writes_history(), live_holds_are_limited() TO PUBLIC;

CREATE OR REPLACE FUNCTION live_claims(
    _business_id uuid, _service_id uuid, _staff_ids uuid[], _within tstzrange, _at timestamptz, _except uuid
) RETURNS TABLE (service_id uuid, staff_id uuid, session uuid, begins integer[], ends integer[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan SET max_parallel_workers_per_gather = 0 AS $$
DECLARE
    _is_group boolean := (SELECT is_group FROM services WHERE business_id = _business_id AND id = _service_id);
BEGIN
    IF _business_id <> current_business_id() THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH claims AS (
        SELECT b.service_id, b.staff_id, CASE WHEN _is_group THEN b.session END AS session, b.during
        FROM busy_times b
        WHERE b.service_id = _service_id AND b.during && _within AND b.business_id IS NOT DISTINCT FROM _business_id
          AND (b.expires_at IS NULL OR b.expires_at > _at) AND b.source_id IS DISTINCT FROM _except
        UNION ALL
        SELECT b.service_id, b.staff_id, NULL, b.during
        FROM busy_times b
        WHERE b.business_id = _business_id AND b.staff_id = ANY (_staff_ids) AND b.during && _within
          AND b.service_id <> _service_id
          AND (b.expires_at IS NULL OR b.expires_at > _at) AND b.source_id IS DISTINCT FROM _except
    )
    SELECT c.service_id, c.staff_id, c.session, array_agg((date_part('epoch', lower(c.during)) / 60)::integer),
           array_agg((date_part('epoch', upper(c.during)) / 60)::integer)
    FROM claims c GROUP BY c.service_id, c.staff_id, c.session;
END $$;

CREATE OR REPLACE FUNCTION hold_of_key(_business_id uuid, _key text) RETURNS TABLE (id uuid, request_fingerprint text)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('hold ' || _business_id::text || _key, 0));
    UPDATE reservations r SET status = 'expired'
        WHERE r.business_id = _business_id AND r.idempotency_key = _key AND r.status = 'held'
          AND r.expires_at <= clock_timestamp();
    RETURN QUERY SELECT r.id, r.request_fingerprint::text FROM reservations r
        WHERE r.business_id = _business_id AND r.idempotency_key = _key
          AND _business_id = current_business_id();
END $$;

CREATE OR REPLACE FUNCTION appointment_of_key(_business_id uuid, _key text) RETURNS TABLE (id uuid, request_fingerprint text)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('appointment ' || _business_id::text || _key, 0));
    RETURN QUERY SELECT a.id, a.request_fingerprint::text FROM appointments a
        WHERE a.business_id = _business_id AND a.idempotency_key = _key
          AND _business_id = current_business_id();
END $$;

CREATE OR REPLACE FUNCTION bookings_of_customer(
    _business_id uuid, _user_id uuid, _email text, _phone text, _day tstzrange, _except uuid
) RETURNS TABLE (that_day bigint, upcoming bigint)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _identity text;
BEGIN
    FOR _identity IN
        SELECT who FROM unnest(ARRAY[_user_id::text, NULLIF(_email, ''), NULLIF(_phone, '')]) AS who
        WHERE who IS NOT NULL ORDER BY who
    LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended('customer ' || _business_id::text || _identity, 0));
    END LOOP;
    RETURN QUERY
        SELECT count(*) FILTER (WHERE a.starts_at <@ _day),
               count(*) FILTER (WHERE a.status = 'confirmed' AND a.starts_at > clock_timestamp())
        FROM appointments a
        WHERE a.business_id = _business_id AND _business_id = current_business_id()
          AND a.status <> 'canceled' AND a.id IS DISTINCT FROM _except
          AND (a.customer_id = _user_id
               OR (a.customer_email = NULLIF(_email, '') AND a.customer_email <> '')
               OR (a.customer_phone = NULLIF(_phone, '') AND a.customer_phone <> ''));
END $$;
