-- Statuses move along the legal arrows, and nothing but a confirmed appointment is rescheduled.
CREATE OR REPLACE FUNCTION check_status(_old appointments, _new appointments) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _new.status <> _old.status AND (_old.status, _new.status) NOT IN (
        ('confirmed', 'canceled'), ('confirmed', 'completed'), ('confirmed', 'no_show'),
        ('completed', 'no_show'), ('no_show', 'completed')
    ) THEN
        RAISE EXCEPTION 'an appointment does not go from % to %', _old.status, _new.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'status_moves_legally';
    END IF;
    IF _new.status <> _old.status AND _new.status IN ('completed', 'no_show') AND _new.starts_at > clock_timestamp() THEN
        RAISE EXCEPTION 'the appointment has not started'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'only_once_started';
    END IF;
    IF _new.status <> _old.status AND _new.status <> 'canceled' AND current_user_role() IS DISTINCT FROM 'owner'
       AND current_user_role() IS DISTINCT FROM 'staff' AND session_user = 'rhivo_app' THEN
        RAISE EXCEPTION 'people at work alone say how an appointment went'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'staff_decide_outcomes';
    END IF;
    IF is_rescheduled(_old, _new) AND (_old.status <> 'confirmed' OR _new.status <> 'confirmed') THEN
        RAISE EXCEPTION 'only a confirmed appointment can be rescheduled'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'status_moves_legally';
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION check_status(appointments, appointments) FROM PUBLIC;
