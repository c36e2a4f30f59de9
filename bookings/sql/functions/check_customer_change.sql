-- Who does not work in the business may do two things to an appointment, as agreed: cancel it, or reschedule it to a start
-- to come. Every login is bound, whatever it is called.
CREATE OR REPLACE FUNCTION check_customer_change(_old appointments, _new appointments) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _cancels constant boolean := _new.status <> _old.status AND _new.status = 'canceled';
    _moves constant boolean := is_rescheduled(_old, _new);
    _visit_starts_at timestamptz := _old.starts_at;
    _allowed boolean;
    _until timestamptz;
BEGIN
    -- The schema's owner is free, and so is a foreign key that forgets the customer or the hold: no login may write these.
    IF pg_has_role(session_user, 'rhivo_owner', 'MEMBER')
       OR (_new.customer_id, _new.reservation_id) IS DISTINCT FROM (_old.customer_id, _old.reservation_id) THEN
        RETURN;
    END IF;
    IF NOT _new.overrides @> _old.overrides THEN
        RAISE EXCEPTION 'what was set aside for an appointment stays on it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'overrides_stay';
    END IF;
    IF working_business_id() = _old.business_id THEN
        RETURN;
    END IF;
    IF (_new.notes, _new.overrides) IS DISTINCT FROM (_old.notes, _old.overrides)
       OR _new.status <> _old.status AND NOT _cancels OR _cancels = _moves THEN
        RAISE EXCEPTION 'a customer cancels or moves an appointment, and changes nothing else of it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'customers_cancel_or_move';
    END IF;
    -- The deadline of every part counts from the start of the visit.
    IF _old.part > 1 THEN
        SELECT LEAST(min(starts_at), _old.starts_at) INTO _visit_starts_at FROM appointments
            WHERE business_id = _old.business_id AND visit_id = _old.visit_id AND status <> 'canceled';
    END IF;
    IF _cancels THEN
        _allowed := _old.allows_cancellation;
        _until := _visit_starts_at - make_interval(hours => _old.cancellation_deadline_hours);
    ELSE
        _allowed := _old.allows_rescheduling;
        _until := _visit_starts_at - make_interval(hours => _old.reschedule_deadline_hours);
    END IF;
    IF NOT _allowed THEN
        RAISE EXCEPTION 'the agreed terms do not allow it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'agreed_terms_allow_it';
    END IF;
    IF clock_timestamp() > _until THEN
        RAISE EXCEPTION 'the agreed deadline was %', _until
            USING ERRCODE = 'check_violation', CONSTRAINT = 'before_the_agreed_deadline';
    END IF;
    IF _moves AND _new.starts_at <= clock_timestamp() THEN
        RAISE EXCEPTION 'the appointment would start in the past'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'moves_to_the_future';
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION check_customer_change(appointments, appointments) FROM PUBLIC;
