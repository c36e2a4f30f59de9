-- Functions that run as the owner look at the claims before anything else: for another business they neither answer, nor
-- wait, nor write. What they run for themselves nobody else may call.

-- Live claims as before, for the business of the claims alone, and while its pages are open or its people ask.
CREATE OR REPLACE FUNCTION live_claims(
    _business_id uuid, _service_id uuid, _staff_ids uuid[], _within tstzrange, _at timestamptz, _except uuid
) RETURNS TABLE (service_id uuid, staff_id uuid, session uuid, begins integer[], ends integer[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan SET max_parallel_workers_per_gather = 0 AS $$
DECLARE
    _is_group boolean;
BEGIN
    IF _business_id IS DISTINCT FROM current_business_id() THEN
        RETURN;
    END IF;
    SELECT s.is_group INTO _is_group FROM services s JOIN businesses b ON b.id = s.business_id
        WHERE s.business_id = _business_id AND s.id = _service_id AND (b.is_active OR b.id = working_business_id());
    IF NOT FOUND THEN
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

-- The hold made under a key, after waiting for whoever is making one; a hold that ran out gives its key up here.
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

-- The appointment made under a key, after waiting for whoever is making one.
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

-- How many bookings a customer has, as before: waits for whoever is booking for the same customer.
CREATE OR REPLACE FUNCTION bookings_of_customer(
    _business_id uuid, _user_id uuid, _email text, _phone text, _day tstzrange, _except uuid
) RETURNS TABLE (that_day bigint, upcoming bigint)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _identity text;
BEGIN
    IF _business_id IS DISTINCT FROM current_business_id() THEN
        RETURN;
    END IF;
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
        WHERE a.business_id = _business_id
          AND a.status <> 'canceled' AND a.id IS DISTINCT FROM _except
          AND (a.customer_id = _user_id
               OR (a.customer_email = NULLIF(_email, '') AND a.customer_email <> '')
               OR (a.customer_phone = NULLIF(_phone, '') AND a.customer_phone <> ''));
END $$;

REVOKE EXECUTE ON FUNCTION peak_of_claims(uuid, tstzrange), group_session(uuid, timestamptz),
    claimed_range(timestamptz, timestamptz, integer, integer),
    reservation_claims_its_time(), appointment_claims_its_time(), reservation_takes_the_terms(), reservation_only_ends(),
    appointment_takes_the_terms(), appointment_keeps_the_terms(), appointment_status_moves_legally(),
    appointment_writes_history(), live_holds_are_limited() FROM PUBLIC;

-- The worker ends and forgets holds of every business, and does nothing else to them.
DROP POLICY worker_ends ON reservations;
CREATE POLICY worker_reads ON reservations FOR SELECT TO rhivo_worker USING (true);
CREATE POLICY worker_ends ON reservations FOR UPDATE TO rhivo_worker USING (true) WITH CHECK (status = 'expired');
CREATE POLICY worker_forgets ON reservations FOR DELETE TO rhivo_worker USING (status IN ('released', 'expired'));
