-- Statuses move only along the legal arrows, nothing but a confirmed appointment moves in time, and each update adds one to version.

CREATE FUNCTION appointment_status_moves_legally() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (
        ('confirmed', 'canceled'), ('confirmed', 'completed'), ('confirmed', 'no_show'),
        ('completed', 'no_show'), ('no_show', 'completed')
    ) THEN
        RAISE EXCEPTION 'an appointment does not go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'status_moves_legally';
    END IF;
    IF NEW.status <> OLD.status AND NEW.status IN ('completed', 'no_show') AND NEW.starts_at > clock_timestamp() THEN
        RAISE EXCEPTION 'the appointment has not started'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'only_once_started';
    END IF;
    IF NEW.status <> OLD.status AND NEW.status <> 'canceled' AND current_user_role() IS DISTINCT FROM 'owner'
       AND current_user_role() IS DISTINCT FROM 'staff' AND session_user = 'rhivo_app' THEN
        RAISE EXCEPTION 'people at work alone say how an appointment went'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'staff_decide_outcomes';
    END IF;
    IF (NEW.service_id, NEW.staff_id, NEW.starts_at) IS DISTINCT FROM (OLD.service_id, OLD.staff_id, OLD.starts_at)
       AND (OLD.status <> 'confirmed' OR NEW.status <> 'confirmed') THEN
        RAISE EXCEPTION 'only a confirmed appointment can be moved'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'status_moves_legally';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER status_moves_legally BEFORE UPDATE ON appointments
    FOR EACH ROW EXECUTE FUNCTION appointment_status_moves_legally();

CREATE TRIGGER version_is_current BEFORE UPDATE ON appointments
    FOR EACH ROW EXECUTE FUNCTION bump_version();
