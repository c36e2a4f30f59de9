-- A visit is booked whole and rescheduled whole, and customers cancel it whole. Asked when all rows of a statement are
-- written.
CREATE OR REPLACE FUNCTION check_visit(_operation text, _old appointments, _new appointments) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _operation = 'DELETE' THEN
        RETURN;
    END IF;
    IF _operation = 'INSERT' AND _new.reservation_id IS NOT NULL AND EXISTS (
        SELECT FROM reservations mine
        JOIN reservations r ON r.business_id = mine.business_id AND r.visit_id = mine.visit_id
        LEFT JOIN appointments a ON a.business_id = r.business_id AND a.reservation_id = r.id
        WHERE mine.business_id = _new.business_id AND mine.id = _new.reservation_id
          AND a.visit_id IS DISTINCT FROM _new.visit_id
    ) THEN
        RAISE EXCEPTION 'the parts of visit % are held together', _new.visit_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'a_visit_is_booked_whole';
    END IF;
    IF _operation = 'INSERT' AND (_new.part > 1 OR _new.joined_after) OR is_rescheduled(_old, _new) THEN
        PERFORM appointments_in_order(_new);
    END IF;
    IF _operation = 'UPDATE' AND _new.status = 'canceled' AND _old.status <> 'canceled'
       AND working_business_id() IS DISTINCT FROM _new.business_id
       AND NOT pg_has_role(session_user, 'rhivo_owner', 'MEMBER')
       AND EXISTS (SELECT FROM appointments WHERE business_id = _new.business_id AND visit_id = _new.visit_id
                   AND status = 'confirmed') THEN
        RAISE EXCEPTION 'a customer cancels all parts of a visit'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'customers_cancel_whole_visits';
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION check_visit(text, appointments, appointments) FROM PUBLIC;
