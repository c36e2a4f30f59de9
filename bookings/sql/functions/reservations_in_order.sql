-- The parts of a held visit follow each other. Asked when all rows of a statement are written.
CREATE OR REPLACE FUNCTION reservations_in_order(_new reservations) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM businesses b, reservations earlier, reservations later
        WHERE b.id = _new.business_id AND earlier.business_id = b.id AND earlier.visit_id = _new.visit_id
          AND later.business_id = b.id AND later.visit_id = _new.visit_id AND later.part = earlier.part + 1
          AND _new.part IN (earlier.part, later.part)
          AND NOT parts_meet(earlier.ends_at, earlier.staff_id, earlier.joined_after,
                             later.starts_at, later.staff_id, later.joined_before, b.max_wait_minutes)
    ) OR _new.joined_before AND NOT EXISTS (
        SELECT FROM reservations
        WHERE business_id = _new.business_id AND visit_id = _new.visit_id AND part = _new.part - 1
    ) OR _new.joined_after AND NOT EXISTS (
        SELECT FROM reservations
        WHERE business_id = _new.business_id AND visit_id = _new.visit_id AND part = _new.part + 1
    ) OR _new.part > 1 AND NOT EXISTS (
        SELECT FROM reservations
        WHERE business_id = _new.business_id AND visit_id = _new.visit_id AND part = _new.part - 1
    ) THEN
        RAISE EXCEPTION 'part % of visit % does not follow on', _new.part, _new.visit_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'parts_follow_each_other';
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION reservations_in_order(reservations) FROM PUBLIC;
