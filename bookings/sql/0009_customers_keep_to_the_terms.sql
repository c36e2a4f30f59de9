-- Who does not work in a business may do two things to an appointment, as agreed: cancel it, or move it to a start to come.

-- Fires last of the triggers before an update (by its name), when a stale version and an illegal step are refused already.
-- Bound is everybody but the schema's owner: whatever a login is called, it works in the business or keeps to the terms.
CREATE FUNCTION appointment_keeps_to_the_terms() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _cancels constant boolean := NEW.status <> OLD.status AND NEW.status = 'canceled';
    _moves constant boolean :=
        (NEW.service_id, NEW.staff_id, NEW.starts_at) IS DISTINCT FROM (OLD.service_id, OLD.staff_id, OLD.starts_at);
    _allowed boolean;
    _until timestamptz;
BEGIN
    IF NOT NEW.overrides @> OLD.overrides AND NOT pg_has_role(current_user, 'rhivo_owner', 'MEMBER') THEN
        RAISE EXCEPTION 'what was set aside for an appointment stays on it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'overrides_stay';
    END IF;
    IF working_business_id() = OLD.business_id OR pg_has_role(current_user, 'rhivo_owner', 'MEMBER') THEN
        RETURN NEW;
    END IF;
    IF (NEW.notes, NEW.overrides) IS DISTINCT FROM (OLD.notes, OLD.overrides)
       OR NEW.status <> OLD.status AND NOT _cancels OR _cancels = _moves THEN
        RAISE EXCEPTION 'a customer cancels or moves an appointment, and changes nothing else of it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'customers_cancel_or_move';
    END IF;
    IF _cancels THEN
        _allowed := OLD.allows_cancellation;
        _until := OLD.starts_at - make_interval(hours => OLD.cancellation_deadline_hours);
    ELSE
        _allowed := OLD.allows_rescheduling;
        _until := OLD.starts_at - make_interval(hours => OLD.reschedule_deadline_hours);
    END IF;
    IF NOT _allowed THEN
        RAISE EXCEPTION 'the agreed terms do not allow it'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'agreed_terms_allow_it';
    END IF;
    IF clock_timestamp() > _until THEN
        RAISE EXCEPTION 'the agreed deadline was %', _until
            USING ERRCODE = 'check_violation', CONSTRAINT = 'before_the_agreed_deadline';
    END IF;
    IF _moves AND NEW.starts_at <= clock_timestamp() THEN
        RAISE EXCEPTION 'the appointment would start in the past'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'moves_to_the_future';
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION appointment_keeps_to_the_terms() FROM PUBLIC;
CREATE TRIGGER within_the_terms BEFORE UPDATE ON appointments
    FOR EACH ROW EXECUTE FUNCTION appointment_keeps_to_the_terms();

-- Setting a rule aside is for people at work, so a customer's booking begins with nothing set aside.
CREATE FUNCTION appointment_begins_without_overrides() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF working_business_id() = NEW.business_id OR pg_has_role(current_user, 'rhivo_owner', 'MEMBER') THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'people at work alone set rules aside'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'people_at_work_override';
END $$;
REVOKE EXECUTE ON FUNCTION appointment_begins_without_overrides() FROM PUBLIC;
CREATE TRIGGER begins_without_overrides BEFORE INSERT ON appointments
    FOR EACH ROW WHEN (NEW.overrides <> '[]') EXECUTE FUNCTION appointment_begins_without_overrides();
