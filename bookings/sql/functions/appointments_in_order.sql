-- The parts of a booked visit follow each other; one that is canceled is no neighbour any more. Asked when all rows of a
-- statement are written.
CREATE OR REPLACE FUNCTION appointments_in_order(_new appointments) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF EXISTS (
        SELECT FROM businesses b, appointments earlier, appointments later
        WHERE b.id = _new.business_id AND earlier.business_id = b.id AND earlier.visit_id = _new.visit_id
          AND later.business_id = b.id AND later.visit_id = _new.visit_id AND later.part = earlier.part + 1
          AND _new.part IN (earlier.part, later.part)
          AND earlier.status <> 'canceled' AND later.status <> 'canceled'
          AND NOT parts_meet(earlier.ends_at, earlier.staff_id, earlier.joined_after,
                             later.starts_at, later.staff_id, later.joined_before, b.max_wait_minutes)
    ) OR _new.joined_before AND NOT EXISTS (
        SELECT FROM appointments
        WHERE business_id = _new.business_id AND visit_id = _new.visit_id AND part = _new.part - 1
    ) OR _new.joined_after AND NOT EXISTS (
        SELECT FROM appointments
        WHERE business_id = _new.business_id AND visit_id = _new.visit_id AND part = _new.part + 1
    ) OR _new.part > 1 AND NOT EXISTS (
        SELECT FROM appointments
        WHERE business_id = _new.business_id AND visit_id = _new.visit_id AND part = _new.part - 1
    ) THEN
        RAISE EXCEPTION 'part % of visit % does not follow on', _new.part, _new.visit_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'parts_follow_each_other';
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION appointments_in_order(appointments) FROM PUBLIC;
