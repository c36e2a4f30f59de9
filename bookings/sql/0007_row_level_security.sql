-- A hold is seen by who presents its id or owns it, an appointment by its customer or who presents its token, both by the
-- people at work there; the ledger carries no personal data and is read by all.

ALTER TABLE reservations ENABLE ROW LEVEL SECURITY;
ALTER TABLE reservations FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_sees_all ON reservations TO rhivo_owner USING (true) WITH CHECK (true);
CREATE POLICY its_holder_reads ON reservations FOR SELECT TO rhivo_app
    USING (business_id = (SELECT current_business_id()) AND id = (SELECT current_reservation_id())
           AND (customer_id IS NULL OR customer_id = (SELECT current_user_id())));
CREATE POLICY its_customer_reads ON reservations FOR SELECT TO rhivo_app
    USING (business_id = (SELECT current_business_id()) AND customer_id = (SELECT current_user_id()));
CREATE POLICY people_at_work_read ON reservations FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()));
CREATE POLICY anyone_holds ON reservations FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT current_business_id())
                AND (customer_id IS NULL OR customer_id = (SELECT current_user_id()))
                AND EXISTS (SELECT FROM businesses b WHERE b.id = business_id AND b.is_active));
CREATE POLICY its_holder_ends ON reservations FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT current_business_id()) AND id = (SELECT current_reservation_id())
           AND (customer_id IS NULL OR customer_id = (SELECT current_user_id())))
    WITH CHECK (business_id = (SELECT current_business_id()));
CREATE POLICY people_at_work_end ON reservations FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT working_business_id())) WITH CHECK (business_id = (SELECT working_business_id()));
CREATE POLICY worker_ends ON reservations TO rhivo_worker USING (true) WITH CHECK (true);
GRANT SELECT, INSERT, UPDATE (status) ON reservations TO rhivo_app;
GRANT DELETE ON reservations TO rhivo_worker;

ALTER TABLE appointments ENABLE ROW LEVEL SECURITY;
ALTER TABLE appointments FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_sees_all ON appointments TO rhivo_owner USING (true) WITH CHECK (true);
CREATE POLICY its_customer_reads ON appointments FOR SELECT TO rhivo_app
    USING (customer_id = (SELECT current_user_id())
           AND COALESCE(business_id = (SELECT current_business_id()), (SELECT current_business_id()) IS NULL));
CREATE POLICY its_guest_reads ON appointments FOR SELECT TO rhivo_app
    USING (cancellation_token_hash = (SELECT current_cancellation_token())
           AND COALESCE(business_id = (SELECT current_business_id()), (SELECT current_business_id()) IS NULL));
CREATE POLICY people_at_work_read ON appointments FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()));
CREATE POLICY its_holder_commits ON appointments FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT current_business_id()) AND reservation_id = (SELECT current_reservation_id())
                AND (customer_id IS NULL OR customer_id = (SELECT current_user_id())));
CREATE POLICY people_at_work_book ON appointments FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT working_business_id()));
CREATE POLICY its_customer_changes ON appointments FOR UPDATE TO rhivo_app
    USING (customer_id = (SELECT current_user_id())
           AND COALESCE(business_id = (SELECT current_business_id()), (SELECT current_business_id()) IS NULL))
    WITH CHECK (customer_id = (SELECT current_user_id()));
CREATE POLICY its_guest_changes ON appointments FOR UPDATE TO rhivo_app
    USING (cancellation_token_hash = (SELECT current_cancellation_token())
           AND COALESCE(business_id = (SELECT current_business_id()), (SELECT current_business_id()) IS NULL))
    WITH CHECK (cancellation_token_hash = (SELECT current_cancellation_token()));
CREATE POLICY people_at_work_change ON appointments FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT working_business_id())) WITH CHECK (business_id = (SELECT working_business_id()));
CREATE POLICY worker_reads ON appointments FOR SELECT TO rhivo_worker USING (true);
GRANT SELECT, INSERT, UPDATE (service_id, staff_id, starts_at, status, version, notes, overrides) ON appointments
    TO rhivo_app;

ALTER TABLE busy_times ENABLE ROW LEVEL SECURITY;
ALTER TABLE busy_times FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_sees_all ON busy_times TO rhivo_owner USING (true) WITH CHECK (true);
CREATE POLICY public_reads ON busy_times FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = busy_times.business_id));
CREATE POLICY worker_reads ON busy_times FOR SELECT TO rhivo_worker USING (true);
GRANT SELECT ON busy_times TO rhivo_app;

-- The live claims on a service, and on the given people in any service, that overlap a range: for each service and person
-- their beginnings and ends, in the same order, in whole minutes since the epoch. A row a claim would take its reader
-- several times as long as the search. Sessions are told of a group service alone.
-- A function of the owner's, because row security would keep `&&`, which is not leakproof, from using the index. One plan
-- for all calls, without workers: planning, or starting them, would take longer than the search. IS NOT DISTINCT FROM
-- only filters: as `=` it would invite a walk through the whole business's past.
CREATE FUNCTION live_claims(
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
REVOKE EXECUTE ON FUNCTION live_claims(uuid, uuid, uuid[], tstzrange, timestamptz, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION live_claims(uuid, uuid, uuid[], tstzrange, timestamptz, uuid) TO rhivo_app;
