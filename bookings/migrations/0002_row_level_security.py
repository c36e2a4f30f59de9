"""Bring the database's objects to what `bookings/sql` says: written by `makesqlmigration`, never edited."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("audit", "0002_row_level_security"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("bookings", "0001_reservations_and_appointments"),
        ("businesses", "0003_row_level_security"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("notifications", "0002_row_level_security"),
        ("rhivo", "0001_claims"),
        ("sessions", "0001_initial"),
    ]
    operations = [
        migrations.RunSQL(
            sql=r"""
CREATE SEQUENCE appointment_numbers;

CREATE OR REPLACE FUNCTION agreed_terms(_new appointments) RETURNS appointments
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _business businesses;
    _hold reservations;
    _first appointments;
    _service services;
BEGIN
    SELECT * INTO STRICT _business FROM businesses WHERE id = _new.business_id;
    IF _new.reservation_id IS NOT NULL THEN
        SELECT * INTO _hold FROM reservations
            WHERE business_id = _new.business_id AND id = _new.reservation_id FOR UPDATE;
        IF NOT FOUND OR _hold.status <> 'held' OR _hold.expires_at <= clock_timestamp() THEN
            RAISE EXCEPTION 'hold % has run out', _new.reservation_id
                USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'hold_is_live';
        END IF;
        _new.part := _hold.part;
        _new.joined_before := _hold.joined_before;
        _new.joined_after := _hold.joined_after;
        _new.service_id := _hold.service_id;
        _new.staff_id := _hold.staff_id;
        _new.starts_at := _hold.starts_at;
        _new.ends_at := _hold.ends_at;
        _new.service_name := _hold.service_name;
        _new.service_capacity := _hold.service_capacity;
        _new.resource_ids := _hold.resource_ids;
        _new.places := _hold.places;
        _new.buffer_before_minutes := _hold.buffer_before_minutes;
        _new.buffer_after_minutes := _hold.buffer_after_minutes;
        _new.processing_after_minutes := _hold.processing_after_minutes;
        _new.processing_minutes := _hold.processing_minutes;
        _new.price_cents := _hold.price_cents;
        _new.currency := _hold.currency;
        _new.customer_id := COALESCE(_hold.customer_id, _new.customer_id);
    ELSE
        _service := bookable_service(_new.business_id, _new.service_id, _new.staff_id, _new.resource_ids, _new.places);
        _new.ends_at := _new.starts_at + make_interval(mins => _service.duration_minutes);
        _new.service_name := _service.name;
        _new.service_capacity := capacity_of(_service, _new.staff_id, _new.resource_ids);
        _new.buffer_before_minutes := CASE WHEN _new.joined_before THEN 0 ELSE _service.buffer_before_minutes END;
        _new.buffer_after_minutes := CASE WHEN _new.joined_after THEN 0 ELSE _service.buffer_after_minutes END;
        _new.processing_after_minutes := _service.processing_after_minutes;
        _new.processing_minutes := _service.processing_minutes;
        _new.price_cents := _service.price_cents * _new.places;
        _new.currency := _business.currency;
    END IF;
    _new.allows_cancellation := _business.allows_cancellation;
    _new.cancellation_deadline_hours := _business.cancellation_deadline_hours;
    _new.allows_rescheduling := _business.allows_rescheduling;
    _new.reschedule_deadline_hours := _business.reschedule_deadline_hours;
    _new.status := 'confirmed';
    _new.version := 1;
    IF _new.part = 1 THEN
        _new.visit_id := _new.id;
        _new.reference := new_reference();
    ELSE
        -- A part is written after the parts before it. The hold of the first part has the id of the visit that was held.
        SELECT * INTO _first FROM appointments
            WHERE business_id = _new.business_id AND part = 1 AND status = 'confirmed'
              AND CASE WHEN _new.reservation_id IS NULL THEN visit_id = _new.visit_id ELSE reservation_id = _hold.visit_id END;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'a visit begins with its first part'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'parts_follow_each_other';
        END IF;
        _new.visit_id := _first.visit_id;
        _new.reference := _first.reference;
        _new.customer_id := _first.customer_id;
        _new.customer_name := _first.customer_name;
        _new.customer_email := _first.customer_email;
        _new.customer_phone := _first.customer_phone;
        _new.cancellation_token_hash := _first.cancellation_token_hash;
    END IF;
    _new.created_at := clock_timestamp();
    RETURN _new;
END $$;

REVOKE EXECUTE ON FUNCTION agreed_terms(appointments) FROM PUBLIC;

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

REVOKE EXECUTE ON FUNCTION appointment_of_key(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION appointment_of_key(uuid, text) TO rhivo_app;

CREATE OR REPLACE FUNCTION appointments_after_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM check_visit(TG_OP, OLD, NEW);
    PERFORM occupy_for_appointment(TG_OP, OLD, NEW);
    PERFORM write_appointment_history(TG_OP, OLD, NEW, TG_ARGV[0], TG_ARGV[1:]);
    RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION appointments_after_change() FROM PUBLIC;

CREATE OR REPLACE FUNCTION appointments_before_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM check_overrides(NEW);
    IF NEW.reservation_id IS NULL THEN
        PERFORM lock_service(NEW.business_id, NEW.service_id);
    END IF;
    NEW := agreed_terms(NEW);
    RETURN NEW;
END $$;

REVOKE EXECUTE ON FUNCTION appointments_before_insert() FROM PUBLIC;

CREATE OR REPLACE FUNCTION appointments_before_update() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF is_rescheduled(OLD, NEW) THEN
        PERFORM lock_service(NEW.business_id, NEW.service_id);
    END IF;
    NEW := kept_terms(OLD, NEW);
    PERFORM check_status(OLD, NEW);
    NEW.version := next_version(OLD.version, NEW.version);
    PERFORM check_customer_change(OLD, NEW);
    -- The parts of a visit are rescheduled by one statement. All of them are freed here, before the first occupies its new
    -- time, so that none stands in the way of another.
    IF is_rescheduled(OLD, NEW) THEN
        DELETE FROM busy_times WHERE business_id = OLD.business_id AND source_id = OLD.id;
    END IF;
    RETURN NEW;
END $$;

REVOKE EXECUTE ON FUNCTION appointments_before_update() FROM PUBLIC;

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

CREATE OR REPLACE FUNCTION bookable_service(
    _business_id uuid, _service_id uuid, _staff_id uuid, _resource_ids uuid[], _places integer
) RETURNS services
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _service services;
BEGIN
    SELECT * INTO _service FROM services WHERE business_id = _business_id AND id = _service_id;
    IF NOT FOUND OR NOT _service.is_active THEN
        RAISE EXCEPTION 'service % cannot be booked', _service_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'service_is_bookable';
    END IF;
    IF _places > 1 AND NOT _service.is_group THEN
        RAISE EXCEPTION 'service % is no class, and takes one place a booking', _service_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'places_are_for_classes';
    END IF;
    IF _staff_id IS NULL THEN
        PERFORM FROM service_staff WHERE business_id = _business_id AND service_id = _service_id;
    ELSE
        PERFORM FROM service_staff a JOIN staff s ON s.business_id = a.business_id AND s.id = a.staff_id
            WHERE a.business_id = _business_id AND a.service_id = _service_id AND a.staff_id = _staff_id AND s.is_active;
    END IF;
    IF FOUND = (_staff_id IS NULL) THEN
        RAISE EXCEPTION 'service % is not done by staff %', _service_id, _staff_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'staff_does_the_service';
    END IF;
    -- Compared as sorted lists, so that a resource given twice or one of a kind that is not needed is refused as well.
    IF ARRAY(SELECT kind::text FROM service_resources WHERE business_id = _business_id AND service_id = _service_id ORDER BY 1)
       <> ARRAY(SELECT r.kind::text FROM unnest(_resource_ids) AS wanted (id)
                LEFT JOIN resources r ON r.business_id = _business_id AND r.id = wanted.id AND r.is_active ORDER BY 1) THEN
        RAISE EXCEPTION 'service % does not use these resources: %', _service_id, _resource_ids
            USING ERRCODE = 'check_violation', CONSTRAINT = 'resources_fit_the_service';
    END IF;
    RETURN _service;
END $$;

REVOKE EXECUTE ON FUNCTION bookable_service(uuid, uuid, uuid, uuid[], integer) FROM PUBLIC;

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
        SELECT count(DISTINCT a.visit_id) FILTER (WHERE a.starts_at <@ _day),
               count(DISTINCT a.visit_id) FILTER (WHERE a.status = 'confirmed' AND a.starts_at > clock_timestamp())
        FROM appointments a
        WHERE a.business_id = _business_id
          AND a.status <> 'canceled' AND a.id IS DISTINCT FROM _except
          AND (a.customer_id = _user_id
               OR (a.customer_email = NULLIF(_email, '') AND a.customer_email <> '')
               OR (a.customer_phone = NULLIF(_phone, '') AND a.customer_phone <> ''));
END $$;

REVOKE EXECUTE ON FUNCTION bookings_of_customer(uuid, uuid, text, text, tstzrange, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION bookings_of_customer(uuid, uuid, text, text, tstzrange, uuid) TO rhivo_app;

CREATE OR REPLACE FUNCTION capacity_of(_service services, _staff_id uuid, _resource_ids uuid[]) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT COALESCE(_service.max_simultaneous_bookings, CASE WHEN _staff_id IS NULL AND _resource_ids = '{}' THEN 1 END)
$$;

REVOKE EXECUTE ON FUNCTION capacity_of(services, uuid, uuid[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION check_class(
    _business_id uuid, _service_id uuid, _class_key uuid, _staff_id uuid, _resource_ids uuid[], _during tstzrange
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _other busy_times;
BEGIN
    SELECT * INTO _other FROM busy_times
        WHERE service_id = _service_id AND segment = 0 AND during && _during AND class_key = _class_key
        -- One that was booked before the service had people says nothing of who gives the class.
        ORDER BY staff_id NULLS LAST LIMIT 1;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF _other.staff_id <> _staff_id THEN
        RAISE EXCEPTION 'the class has another teacher'
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'one_staff_a_class';
    END IF;
    -- A service that needs no room any more: its class stays in the one it has, and whoever joins takes none.
    IF _resource_ids <> '{}' AND (SELECT COALESCE(array_agg(resource_id ORDER BY resource_id), '{}') FROM busy_times
        WHERE business_id = _business_id AND source_id = _other.source_id AND segment > 2)
       IS DISTINCT FROM ARRAY(SELECT unnest(_resource_ids) ORDER BY 1) THEN
        RAISE EXCEPTION 'the class is in another room'
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'one_room_a_class';
    END IF;
END $$;

REVOKE EXECUTE ON FUNCTION check_class(uuid, uuid, uuid, uuid, uuid[], tstzrange) FROM PUBLIC;

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

CREATE OR REPLACE FUNCTION check_overrides(_new appointments) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _new.overrides = '[]' OR working_business_id() = _new.business_id
       OR pg_has_role(session_user, 'rhivo_owner', 'MEMBER') THEN
        RETURN;
    END IF;
    RAISE EXCEPTION 'people at work alone set rules aside'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'people_at_work_override';
END $$;

REVOKE EXECUTE ON FUNCTION check_overrides(appointments) FROM PUBLIC;

CREATE OR REPLACE FUNCTION check_staff_capacity(
    _business_id uuid, _staff_id uuid, _capacity integer, _working tstzmultirange, _class_key uuid
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _range tstzrange;
BEGIN
    IF _capacity = 1 AND NOT EXISTS (
        SELECT FROM busy_times
        WHERE business_id = _business_id AND staff_id = _staff_id AND during && range_merge(_working) AND capacity > 1
    ) THEN
        RETURN;
    END IF;
    FOREACH _range IN ARRAY ARRAY(SELECT unnest(_working)) LOOP
        IF peak_uses(_business_id, _staff_id, NULL, _range, _class_key) >= _capacity THEN
            RAISE EXCEPTION 'staff % is busy in %', _staff_id, _range
                USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'staff_capacity';
        END IF;
    END LOOP;
END $$;

REVOKE EXECUTE ON FUNCTION check_staff_capacity(uuid, uuid, integer, tstzmultirange, uuid) FROM PUBLIC;

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

CREATE OR REPLACE FUNCTION class_key_of(_service_id uuid, _starts_at timestamptz) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT md5(_service_id::text || ' ' || extract(epoch FROM _starts_at)::bigint::text)::uuid $$;

REVOKE EXECUTE ON FUNCTION class_key_of(uuid, timestamptz) FROM PUBLIC;

CREATE OR REPLACE FUNCTION ended_hold(_old reservations, _new reservations) RETURNS reservations
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _old.status <> 'held' AND _new.status <> _old.status OR _new.expires_at > _old.expires_at THEN
        RAISE EXCEPTION 'hold % has ended, and no hold can be made longer', _old.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_only_ends';
    END IF;
    -- Committing is what the insert of its appointment does, never an update by itself.
    IF _new.status = 'committed' AND _old.status = 'held' AND pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'hold % is committed by inserting its appointment', _old.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_only_ends';
    END IF;
    -- One that is released ended now: otherwise nobody could say later when its time was free again.
    IF _old.status = 'held' AND _new.status = 'released' THEN
        _new.expires_at := LEAST(_new.expires_at, clock_timestamp());
    END IF;
    IF _new.status IN ('released', 'expired') THEN
        _new.idempotency_key := NULL;
    END IF;
    RETURN _new;
END $$;

REVOKE EXECUTE ON FUNCTION ended_hold(reservations, reservations) FROM PUBLIC;

CREATE OR REPLACE FUNCTION held_terms(_new reservations) RETURNS reservations
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _business businesses;
    _first reservations;
    _service services := 
        bookable_service(_new.business_id, _new.service_id, _new.staff_id, _new.resource_ids, _new.places);
BEGIN
    SELECT * INTO STRICT _business FROM businesses WHERE id = _new.business_id;
    _new.status := 'held';
    _new.ends_at := _new.starts_at + make_interval(mins => _service.duration_minutes);
    _new.service_name := _service.name;
    _new.service_capacity := capacity_of(_service, _new.staff_id, _new.resource_ids);
    _new.buffer_before_minutes := CASE WHEN _new.joined_before THEN 0 ELSE _service.buffer_before_minutes END;
    _new.buffer_after_minutes := CASE WHEN _new.joined_after THEN 0 ELSE _service.buffer_after_minutes END;
    _new.processing_after_minutes := _service.processing_after_minutes;
    _new.processing_minutes := _service.processing_minutes;
    _new.price_cents := _service.price_cents * _new.places;
    _new.currency := _business.currency;
    _new.created_at := clock_timestamp();
    IF _new.part = 1 THEN
        _new.visit_id := _new.id;
        _new.expires_at := LEAST(_new.expires_at, _new.created_at + make_interval(mins => _business.hold_minutes));
    ELSE
        -- A part is written after the parts before it, in one statement or in several: it can be read here already.
        SELECT * INTO _first FROM reservations
            WHERE business_id = _new.business_id AND visit_id = _new.visit_id AND part = 1
              AND status = 'held' AND expires_at > clock_timestamp();
        IF NOT FOUND THEN
            RAISE EXCEPTION 'a visit begins with its first part'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'parts_follow_each_other';
        END IF;
        _new.customer_id := _first.customer_id;
        _new.visitor := _first.visitor;
        _new.expires_at := _first.expires_at;
    END IF;
    RETURN _new;
END $$;

REVOKE EXECUTE ON FUNCTION held_terms(reservations) FROM PUBLIC;

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

REVOKE EXECUTE ON FUNCTION hold_of_key(uuid, text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION hold_of_key(uuid, text) TO rhivo_app;

CREATE OR REPLACE FUNCTION is_rescheduled(_old appointments, _new appointments) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (_new.service_id, _new.staff_id, _new.resource_ids, _new.starts_at)
           IS DISTINCT FROM (_old.service_id, _old.staff_id, _old.resource_ids, _old.starts_at)
$$;

REVOKE EXECUTE ON FUNCTION is_rescheduled(appointments, appointments) FROM PUBLIC;

CREATE OR REPLACE FUNCTION kept_terms(_old appointments, _new appointments) RETURNS appointments
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _service services;
BEGIN
    _new.ends_at := _new.starts_at + (_old.ends_at - _old.starts_at);
    _new.service_name := _old.service_name;
    _new.service_capacity := _old.service_capacity;
    _new.buffer_before_minutes := _old.buffer_before_minutes;
    _new.buffer_after_minutes := _old.buffer_after_minutes;
    _new.processing_after_minutes := _old.processing_after_minutes;
    _new.processing_minutes := _old.processing_minutes;
    _new.price_cents := _old.price_cents;
    _new.currency := _old.currency;
    _new.allows_cancellation := _old.allows_cancellation;
    _new.cancellation_deadline_hours := _old.cancellation_deadline_hours;
    _new.allows_rescheduling := _old.allows_rescheduling;
    _new.reschedule_deadline_hours := _old.reschedule_deadline_hours;
    _new.reference := _old.reference;
    _new.created_at := _old.created_at;
    IF (_new.service_id, _new.staff_id, _new.resource_ids)
       IS DISTINCT FROM (_old.service_id, _old.staff_id, _old.resource_ids) THEN
        _service := bookable_service(
            _new.business_id, _new.service_id, _new.staff_id, _new.resource_ids, _new.places);
    END IF;
    IF _new.service_id <> _old.service_id THEN
        _new.ends_at := _new.starts_at + make_interval(mins => _service.duration_minutes);
        _new.service_name := _service.name;
        _new.buffer_before_minutes := CASE WHEN _new.joined_before THEN 0 ELSE _service.buffer_before_minutes END;
        _new.buffer_after_minutes := CASE WHEN _new.joined_after THEN 0 ELSE _service.buffer_after_minutes END;
        _new.processing_after_minutes := _service.processing_after_minutes;
        _new.processing_minutes := _service.processing_minutes;
        _new.price_cents := _service.price_cents * _new.places;
    END IF;
    IF is_rescheduled(_old, _new) THEN
        SELECT capacity_of(s, _new.staff_id, _new.resource_ids) INTO STRICT _new.service_capacity FROM services s
            WHERE s.business_id = _new.business_id AND s.id = _new.service_id;
    END IF;
    RETURN _new;
END $$;

REVOKE EXECUTE ON FUNCTION kept_terms(appointments, appointments) FROM PUBLIC;

CREATE OR REPLACE FUNCTION limit_live_holds(_business_id uuid, _visitor text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _visitor = '' THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('visitor ' || _business_id::text || _visitor, 0));
    IF (SELECT count(DISTINCT visit_id) FROM reservations
        WHERE business_id = _business_id AND visitor = _visitor AND status = 'held'
          AND expires_at > clock_timestamp()) >= 5 THEN
        RAISE EXCEPTION 'five holds are live already'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'five_live_holds_a_visitor';
    END IF;
END $$;

REVOKE EXECUTE ON FUNCTION limit_live_holds(uuid, text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION live_occupancy(
    _business_id uuid, _service_id uuid, _staff_ids uuid[], _resource_ids uuid[], _within tstzrange, _at timestamptz, _except uuid
) RETURNS TABLE (
    service_id uuid, staff_id uuid, resource_id uuid, class_key uuid, places smallint, continues boolean,
    begins integer[], ends integer[])
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET plan_cache_mode = force_generic_plan SET max_parallel_workers_per_gather = 0 AS $$
BEGIN
    IF _business_id IS DISTINCT FROM current_business_id() OR NOT EXISTS (
        SELECT FROM services s JOIN businesses b ON b.id = s.business_id
        WHERE s.business_id = _business_id AND s.id = _service_id AND (b.is_active OR b.id = working_business_id())
    ) THEN
        RETURN;
    END IF;
    RETURN QUERY
    WITH occupancy AS (
        SELECT b.service_id, b.staff_id, b.resource_id, b.class_key, b.source_id, b.places, b.segment, b.during
        FROM busy_times b
        WHERE b.service_id = _service_id AND b.segment = 0 AND b.during && _within
          AND b.business_id IS NOT DISTINCT FROM _business_id
          AND (b.expires_at IS NULL OR b.expires_at > _at) AND b.source_id IS DISTINCT FROM _except
        UNION ALL
        SELECT b.service_id, b.staff_id, b.resource_id, b.class_key, b.source_id, 0::smallint, b.segment, b.during
        FROM busy_times b
        WHERE b.business_id = _business_id AND b.staff_id = ANY (_staff_ids) AND b.during && _within
          AND (b.service_id <> _service_id OR b.segment <> 0)
          AND (b.expires_at IS NULL OR b.expires_at > _at) AND b.source_id IS DISTINCT FROM _except
        UNION ALL
        SELECT b.service_id, b.staff_id, b.resource_id, b.class_key, b.source_id, 0::smallint, b.segment, b.during
        FROM busy_times b
        WHERE b.business_id = _business_id AND b.resource_id = ANY (_resource_ids) AND b.during && _within
          AND (b.expires_at IS NULL OR b.expires_at > _at) AND b.source_id IS DISTINCT FROM _except
    )
    SELECT c.service_id, c.staff_id, c.resource_id, NULLIF(c.class_key, c.source_id), c.places, c.segment = 2,
           array_agg((date_part('epoch', lower(c.during)) / 60)::integer),
           array_agg((date_part('epoch', upper(c.during)) / 60)::integer)
    FROM occupancy c GROUP BY 1, 2, 3, 4, 5, 6;
END $$;

REVOKE EXECUTE ON FUNCTION live_occupancy(uuid, uuid, uuid[], uuid[], tstzrange, timestamptz, uuid) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION live_occupancy(uuid, uuid, uuid[], uuid[], tstzrange, timestamptz, uuid) TO rhivo_app;

CREATE OR REPLACE FUNCTION lock_service(_business_id uuid, _service_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM services WHERE business_id = _business_id AND id = _service_id FOR NO KEY UPDATE;
END $$;

REVOKE EXECUTE ON FUNCTION lock_service(uuid, uuid) FROM PUBLIC;

CREATE OR REPLACE FUNCTION lock_subjects(_business_id uuid, _service_ids uuid[], _staff_ids uuid[], _resource_ids uuid[])
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _business_id IS DISTINCT FROM current_business_id() THEN
        RETURN;
    END IF;
    PERFORM FROM services WHERE business_id = _business_id AND id = ANY (_service_ids) ORDER BY id FOR NO KEY UPDATE;
    PERFORM FROM staff WHERE business_id = _business_id AND id = ANY (_staff_ids) ORDER BY id FOR NO KEY UPDATE;
    PERFORM FROM resources WHERE business_id = _business_id AND id = ANY (_resource_ids) ORDER BY id FOR NO KEY UPDATE;
END $$;

REVOKE EXECUTE ON FUNCTION lock_subjects(uuid, uuid[], uuid[], uuid[]) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION lock_subjects(uuid, uuid[], uuid[], uuid[]) TO rhivo_app;

CREATE OR REPLACE FUNCTION new_reference() RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _alphabet constant text := '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
    _code text := '';
    _number bigint := (nextval('appointment_numbers') * 634287413 + 271828183) % 887503681;
BEGIN
    FOR _ IN 1..6 LOOP
        _code := _code || substr(_alphabet, (_number % 31)::int + 1, 1);
        _number := _number / 31;
    END LOOP;
    RETURN 'RHV-' || left(_code, 3) || '-' || right(_code, 3);
END $$;

REVOKE EXECUTE ON FUNCTION new_reference() FROM PUBLIC;

CREATE OR REPLACE FUNCTION occupied_range(
    _starts_at timestamptz, _ends_at timestamptz, _before integer, _after integer
) RETURNS tstzrange LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT tstzrange(_starts_at - make_interval(mins => _before), _ends_at + make_interval(mins => _after), '[)')
$$;

REVOKE EXECUTE ON FUNCTION occupied_range(timestamptz, timestamptz, integer, integer) FROM PUBLIC;

CREATE OR REPLACE FUNCTION occupy_for_appointment(_operation text, _old appointments, _new appointments) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _during tstzrange;
    _working tstzmultirange;
    _taken_over integer;
BEGIN
    IF _operation = 'DELETE' THEN
        DELETE FROM busy_times WHERE business_id = _old.business_id AND source_id = _old.id;
        RETURN;
    END IF;
    _during := occupied_range(_new.starts_at, _new.ends_at, _new.buffer_before_minutes, _new.buffer_after_minutes);
    _working := working_ranges(_during, _new.starts_at, _new.processing_after_minutes, _new.processing_minutes);
    IF _operation = 'INSERT' AND _new.reservation_id IS NOT NULL THEN
        UPDATE busy_times SET source_id = _new.id, expires_at = NULL,
                              class_key = CASE WHEN class_key = source_id THEN _new.id ELSE class_key END
            WHERE business_id = _new.business_id AND source_id = _new.reservation_id AND expires_at > clock_timestamp();
        GET DIAGNOSTICS _taken_over = ROW_COUNT;
        -- The clock goes on from row to row, so a hold may run out between two of its rows: all of them or none.
        IF _taken_over <> 1 + cardinality(_new.resource_ids)
                          + (CASE WHEN _new.staff_id IS NULL OR _working = tstzmultirange(_during) THEN 0 ELSE 2 END) THEN
            RAISE EXCEPTION 'hold % has run out', _new.reservation_id
                USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'hold_is_live';
        END IF;
        UPDATE reservations SET status = 'committed'
            WHERE business_id = _new.business_id AND id = _new.reservation_id;
    ELSIF _operation = 'INSERT' THEN
        PERFORM occupy_time(
            _new.business_id, _new.id, _new.service_id, _new.staff_id, _new.resource_ids, _new.places, _new.starts_at, _during,
            _working, NULL);
    ELSIF _new.status = 'canceled' THEN
        DELETE FROM busy_times WHERE business_id = _new.business_id AND source_id = _new.id;
    ELSIF is_rescheduled(_old, _new) THEN
        PERFORM occupy_time(
            _new.business_id, _new.id, _new.service_id, _new.staff_id, _new.resource_ids, _new.places, _new.starts_at, _during,
            _working, NULL);
    END IF;
END $$;

REVOKE EXECUTE ON FUNCTION occupy_for_appointment(text, appointments, appointments) FROM PUBLIC;

CREATE OR REPLACE FUNCTION occupy_for_reservation(_operation text, _old reservations, _new reservations) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _during tstzrange;
BEGIN
    IF _operation = 'INSERT' THEN
        _during := occupied_range(_new.starts_at, _new.ends_at, _new.buffer_before_minutes, _new.buffer_after_minutes);
        PERFORM occupy_time(
            _new.business_id, _new.id, _new.service_id, _new.staff_id, _new.resource_ids, _new.places, _new.starts_at, _during,
            working_ranges(_during, _new.starts_at, _new.processing_after_minutes, _new.processing_minutes), _new.expires_at);
    ELSIF _operation = 'DELETE' OR _new.status <> 'held' THEN
        DELETE FROM busy_times WHERE business_id = _old.business_id AND source_id = _old.id;
    ELSIF _new.expires_at <> _old.expires_at THEN
        UPDATE busy_times SET expires_at = _new.expires_at
            WHERE business_id = _new.business_id AND source_id = _new.id;
    END IF;
END $$;

REVOKE EXECUTE ON FUNCTION occupy_for_reservation(text, reservations, reservations) FROM PUBLIC;

CREATE OR REPLACE FUNCTION occupy_resources(
    _business_id uuid, _source_id uuid, _service_id uuid, _resource_ids uuid[], _class_key uuid,
    _during tstzrange, _expires_at timestamptz
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _resource resources;
    _segment integer := 3;
BEGIN
    FOR _resource IN
        SELECT * FROM resources WHERE business_id = _business_id AND id = ANY (_resource_ids) ORDER BY id FOR NO KEY UPDATE
    LOOP
        DELETE FROM busy_times
            WHERE business_id = _business_id AND resource_id = _resource.id AND during && _during
              AND expires_at <= clock_timestamp();
        IF peak_uses(_business_id, NULL, _resource.id, _during, _class_key) >= _resource.max_simultaneous_bookings THEN
            RAISE EXCEPTION 'resource % is in use in %', _resource.id, _during
                USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'resource_capacity';
        END IF;
        INSERT INTO busy_times
                (business_id, source_id, segment, service_id, resource_id, capacity, class_key, places, during, expires_at)
            VALUES (_business_id, _source_id, _segment, _service_id, _resource.id, _resource.max_simultaneous_bookings,
                    _class_key, 0, _during, _expires_at);
        _segment := _segment + 1;
    END LOOP;
    IF _segment - 3 <> cardinality(_resource_ids) THEN
        RAISE EXCEPTION 'no such resource' USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'resource_exists';
    END IF;
END $$;

REVOKE EXECUTE ON FUNCTION occupy_resources(uuid, uuid, uuid, uuid[], uuid, tstzrange, timestamptz) FROM PUBLIC;

CREATE OR REPLACE FUNCTION occupy_time(
    _business_id uuid, _source_id uuid, _service_id uuid, _staff_id uuid, _resource_ids uuid[], _places integer,
    _starts_at timestamptz, _during tstzrange, _working tstzmultirange, _expires_at timestamptz
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _service services;
    _staff_capacity integer;
    _capacity integer;
    _class_key uuid := _source_id;
    _is_gapless boolean;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'time can be occupied at READ COMMITTED only'
            USING ERRCODE = 'serialization_failure', CONSTRAINT = 'occupancy_needs_read_committed';
    END IF;
    SELECT * INTO _service FROM services
        WHERE business_id = _business_id AND id = _service_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no such service' USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'service_exists';
    END IF;
    IF _staff_id IS NOT NULL THEN
        SELECT max_simultaneous_bookings INTO _staff_capacity FROM staff
            WHERE business_id = _business_id AND id = _staff_id FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no such staff' USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'staff_exists';
        END IF;
    END IF;
    IF _service.is_group AND (_staff_id IS NOT NULL OR _resource_ids <> '{}') THEN
        _class_key := class_key_of(_service_id, _starts_at);
    END IF;

    DELETE FROM busy_times
        WHERE service_id = _service_id AND segment = 0 AND during && _during AND expires_at <= clock_timestamp();
    DELETE FROM busy_times
        WHERE business_id = _business_id AND staff_id = _staff_id AND during && _during
          AND expires_at <= clock_timestamp();
    _capacity := capacity_of(_service, _staff_id, _resource_ids);
    -- No number, nothing to count.
    IF _capacity IS NOT NULL AND peak_places(_service_id, _during) + _places > _capacity THEN
        RAISE EXCEPTION 'service % is full in %', _service_id, _during
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'service_capacity';
    END IF;
    IF _class_key <> _source_id THEN
        PERFORM check_class(_business_id, _service_id, _class_key, _staff_id, _resource_ids, _during);
    END IF;
    IF _staff_id IS NOT NULL THEN
        PERFORM check_staff_capacity(_business_id, _staff_id, _staff_capacity, _working, _class_key);
    END IF;
    -- The person stands in the service's own row, unless the processing time makes their time another.
    _is_gapless := _working = tstzmultirange(_during);
    INSERT INTO busy_times
            (business_id, source_id, segment, service_id, staff_id, capacity, class_key, places, during, expires_at)
        VALUES (_business_id, _source_id, 0, _service_id, CASE WHEN _is_gapless THEN _staff_id END,
                CASE WHEN _is_gapless THEN _staff_capacity END, _class_key, _places, _during, _expires_at);
    IF _staff_id IS NOT NULL AND NOT _is_gapless THEN
        INSERT INTO busy_times
                (business_id, source_id, segment, service_id, staff_id, capacity, class_key, places, during, expires_at)
            SELECT _business_id, _source_id, number, _service_id, _staff_id, _staff_capacity, _class_key, 0, part, _expires_at
            FROM unnest(_working) WITH ORDINALITY AS working (part, number);
    END IF;
    IF _resource_ids <> '{}' THEN
        PERFORM occupy_resources(_business_id, _source_id, _service_id, _resource_ids, _class_key, _during, _expires_at);
    END IF;
END $$;

REVOKE EXECUTE ON FUNCTION
    occupy_time(uuid, uuid, uuid, uuid, uuid[], integer, timestamptz, tstzrange, tstzmultirange, timestamptz) FROM PUBLIC;

CREATE OR REPLACE FUNCTION parts_meet(
    _ends_at timestamptz, _staff_id uuid, _joined_after boolean,
    _next_starts_at timestamptz, _next_staff_id uuid, _next_joined_before boolean, _max_wait integer
) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT _next_starts_at BETWEEN _ends_at AND _ends_at + make_interval(mins => _max_wait)
           AND _joined_after = _next_joined_before AND (NOT _joined_after OR COALESCE(_staff_id = _next_staff_id, FALSE))
$$;

REVOKE EXECUTE ON FUNCTION parts_meet(timestamptz, uuid, boolean, timestamptz, uuid, boolean, integer) FROM PUBLIC;

CREATE OR REPLACE FUNCTION peak_places(_service_id uuid, _during tstzrange) RETURNS bigint
    LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT COALESCE(max(running), 0) FROM (
        SELECT sum(step) OVER (ORDER BY at, step ROWS UNBOUNDED PRECEDING) AS running
        FROM busy_times b, LATERAL (
            VALUES (GREATEST(lower(b.during), lower(_during)), b.places::int), (upper(b.during), -b.places::int)
        ) AS event (at, step)
        WHERE b.service_id = _service_id AND b.segment = 0 AND b.during && _during
    ) AS sweep
$$;

REVOKE EXECUTE ON FUNCTION peak_places(uuid, tstzrange) FROM PUBLIC;

CREATE OR REPLACE FUNCTION peak_uses(
    _business_id uuid, _staff_id uuid, _resource_id uuid, _during tstzrange, _class_key uuid
) RETURNS bigint
    LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
    WITH uses AS (
        SELECT min(lower(during)) AS begins, max(upper(during)) AS ends
        FROM (
            SELECT class_key, segment, during FROM busy_times
                WHERE business_id = _business_id AND staff_id = _staff_id AND during && _during AND class_key <> _class_key
            UNION ALL
            SELECT class_key, segment, during FROM busy_times
                WHERE business_id = _business_id AND resource_id = _resource_id AND during && _during AND class_key <> _class_key
        ) AS claim
        GROUP BY class_key, segment
    )
    SELECT COALESCE(max(running), 0) FROM (
        SELECT sum(step) OVER (ORDER BY at, step ROWS UNBOUNDED PRECEDING) AS running
        FROM uses, LATERAL (VALUES (GREATEST(begins, lower(_during)), 1), (ends, -1)) AS event (at, step)
    ) AS sweep
$$;

REVOKE EXECUTE ON FUNCTION peak_uses(uuid, uuid, uuid, tstzrange, uuid) FROM PUBLIC;

CREATE OR REPLACE FUNCTION reservations_after_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND (NEW.part > 1 OR NEW.joined_after OR NEW.joined_before) THEN
        PERFORM reservations_in_order(NEW);
    END IF;
    PERFORM occupy_for_reservation(TG_OP, OLD, NEW);
    RETURN NULL;
END $$;

REVOKE EXECUTE ON FUNCTION reservations_after_change() FROM PUBLIC;

CREATE OR REPLACE FUNCTION reservations_before_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.part = 1 THEN
        PERFORM limit_live_holds(NEW.business_id, NEW.visitor);
    END IF;
    PERFORM lock_service(NEW.business_id, NEW.service_id);
    NEW := held_terms(NEW);
    RETURN NEW;
END $$;

REVOKE EXECUTE ON FUNCTION reservations_before_insert() FROM PUBLIC;

CREATE OR REPLACE FUNCTION reservations_before_update() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW := ended_hold(OLD, NEW);
    RETURN NEW;
END $$;

REVOKE EXECUTE ON FUNCTION reservations_before_update() FROM PUBLIC;

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

CREATE OR REPLACE FUNCTION working_ranges(
    _during tstzrange, _starts_at timestamptz, _processing_after integer, _processing integer
) RETURNS tstzmultirange LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT tstzmultirange(_during) - tstzmultirange(tstzrange(
        _starts_at + make_interval(mins => _processing_after),
        _starts_at + make_interval(mins => _processing_after + _processing)))
$$;

REVOKE EXECUTE ON FUNCTION working_ranges(tstzrange, timestamptz, integer, integer) FROM PUBLIC;

CREATE OR REPLACE FUNCTION write_appointment_history(_operation text, _old appointments, _new appointments, _entity text, _secret text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    _action constant text := CASE
        WHEN _operation = 'INSERT' THEN 'booked'
        WHEN _operation = 'DELETE' THEN 'deleted'
        WHEN _new.status <> _old.status THEN _new.status
        WHEN is_rescheduled(_old, _new) THEN 'rescheduled'
        ELSE 'changed'
    END;
BEGIN
    PERFORM write_history(COALESCE(_new.business_id, _old.business_id), _entity, COALESCE(_new.id, _old.id), _action,
                          CASE WHEN _operation <> 'INSERT' THEN without_secrets(to_jsonb(_old), _secret) END,
                          CASE WHEN _operation <> 'DELETE' THEN without_secrets(to_jsonb(_new), _secret) END);
END $$;

REVOKE EXECUTE ON FUNCTION write_appointment_history(text, appointments, appointments, text, text[]) FROM PUBLIC;

ALTER TABLE appointments ENABLE ROW LEVEL SECURITY;

ALTER TABLE appointments FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_sees_all ON appointments TO rhivo_owner USING (true) WITH CHECK (true);

ALTER TABLE appointments ADD CONSTRAINT appointment_service_same_business
    FOREIGN KEY (business_id, service_id) REFERENCES services (business_id, id);

ALTER TABLE appointments ADD CONSTRAINT appointment_staff_same_business
    FOREIGN KEY (business_id, staff_id) REFERENCES staff (business_id, id);

ALTER TABLE appointments ADD CONSTRAINT appointment_hold_same_business
    FOREIGN KEY (business_id, reservation_id) REFERENCES reservations (business_id, id) ON DELETE SET NULL (reservation_id);

ALTER TABLE appointments ADD CONSTRAINT starts_on_the_grain
    CHECK (date_trunc('minute', starts_at AT TIME ZONE 'UTC') = starts_at AT TIME ZONE 'UTC'
           AND EXTRACT(minute FROM starts_at AT TIME ZONE 'UTC')::int % 5 = 0);

ALTER TABLE appointments ADD CONSTRAINT ends_after_it_starts CHECK (ends_at > starts_at);

CREATE POLICY its_customer_reads ON appointments FOR SELECT TO rhivo_app
    USING (customer_id = (SELECT current_user_id())
           AND COALESCE(business_id = (SELECT current_business_id()), (SELECT current_business_id()) IS NULL));

CREATE POLICY its_guest_reads ON appointments FOR SELECT TO rhivo_app
    USING (cancellation_token_hash = (SELECT current_cancellation_token())
           AND COALESCE(business_id = (SELECT current_business_id()), (SELECT current_business_id()) IS NULL));

CREATE POLICY people_at_work_read ON appointments FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()));

CREATE POLICY its_holder_commits ON appointments FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT current_business_id()) AND reservation_id IN (
                    SELECT id FROM reservations WHERE visit_id = (SELECT current_reservation_id()))
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

GRANT SELECT, INSERT, UPDATE (service_id, staff_id, resource_ids, starts_at, status, version, notes, overrides) ON appointments
    TO rhivo_app;

CREATE TRIGGER before_insert BEFORE INSERT ON appointments
    FOR EACH ROW EXECUTE FUNCTION appointments_before_insert();

CREATE TRIGGER before_update BEFORE UPDATE ON appointments
    FOR EACH ROW EXECUTE FUNCTION appointments_before_update();

CREATE TRIGGER after_change AFTER INSERT OR UPDATE OR DELETE ON appointments
    FOR EACH ROW EXECUTE FUNCTION appointments_after_change(
        'appointment', 'cancellation_token_hash', 'idempotency_key', 'request_fingerprint');

ALTER TABLE busy_times ENABLE ROW LEVEL SECURITY;

ALTER TABLE busy_times FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_sees_all ON busy_times TO rhivo_owner USING (true) WITH CHECK (true);

ALTER TABLE busy_times ADD CONSTRAINT one_staff_one_place EXCLUDE USING gist (
    business_id WITH =, staff_id WITH =, during WITH &&, (CASE WHEN capacity = 1 THEN class_key END) WITH <>
) WHERE (staff_id IS NOT NULL);

ALTER TABLE busy_times ADD CONSTRAINT one_resource_one_use EXCLUDE USING gist (
    business_id WITH =, resource_id WITH =, during WITH &&, (CASE WHEN capacity = 1 THEN class_key END) WITH <>
) WHERE (resource_id IS NOT NULL);

ALTER TABLE busy_times ADD CONSTRAINT occupancy_resource_same_business
    FOREIGN KEY (business_id, resource_id) REFERENCES resources (business_id, id);

CREATE POLICY public_reads ON busy_times FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = busy_times.business_id));

CREATE POLICY worker_reads ON busy_times FOR SELECT TO rhivo_worker USING (true);

GRANT SELECT ON busy_times TO rhivo_app;

ALTER TABLE reservations ENABLE ROW LEVEL SECURITY;

ALTER TABLE reservations FORCE ROW LEVEL SECURITY;

CREATE POLICY owner_sees_all ON reservations TO rhivo_owner USING (true) WITH CHECK (true);

ALTER TABLE reservations ADD CONSTRAINT reservation_service_same_business
    FOREIGN KEY (business_id, service_id) REFERENCES services (business_id, id);

ALTER TABLE reservations ADD CONSTRAINT reservation_staff_same_business
    FOREIGN KEY (business_id, staff_id) REFERENCES staff (business_id, id);

ALTER TABLE reservations ADD CONSTRAINT starts_on_the_grain
    CHECK (date_trunc('minute', starts_at AT TIME ZONE 'UTC') = starts_at AT TIME ZONE 'UTC'
           AND EXTRACT(minute FROM starts_at AT TIME ZONE 'UTC')::int % 5 = 0);

ALTER TABLE reservations ADD CONSTRAINT ends_after_it_starts CHECK (ends_at > starts_at);

CREATE POLICY its_holder_reads ON reservations FOR SELECT TO rhivo_app
    USING (business_id = (SELECT current_business_id()) AND visit_id = (SELECT current_reservation_id())
           AND (customer_id IS NULL OR customer_id = (SELECT current_user_id())));

CREATE POLICY its_customer_reads ON reservations FOR SELECT TO rhivo_app
    USING (business_id = (SELECT current_business_id()) AND customer_id = (SELECT current_user_id()));

CREATE POLICY people_at_work_read ON reservations FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()));

CREATE POLICY anyone_holds ON reservations FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT current_business_id())
                AND (customer_id IS NULL OR customer_id = (SELECT current_user_id()))
                AND (part = 1 OR visit_id = (SELECT current_reservation_id()))
                AND EXISTS (SELECT FROM businesses b WHERE b.id = business_id AND b.is_active));

CREATE POLICY its_holder_ends ON reservations FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT current_business_id()) AND visit_id = (SELECT current_reservation_id())
           AND (customer_id IS NULL OR customer_id = (SELECT current_user_id())))
    WITH CHECK (business_id = (SELECT current_business_id()));

CREATE POLICY people_at_work_end ON reservations FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT working_business_id())) WITH CHECK (business_id = (SELECT working_business_id()));

CREATE POLICY worker_reads ON reservations FOR SELECT TO rhivo_worker USING (true);

CREATE POLICY worker_ends ON reservations FOR UPDATE TO rhivo_worker USING (true) WITH CHECK (status = 'expired');

CREATE POLICY worker_forgets ON reservations FOR DELETE TO rhivo_worker USING (status IN ('released', 'expired'));

GRANT SELECT, INSERT, UPDATE (status) ON reservations TO rhivo_app;

GRANT DELETE ON reservations TO rhivo_worker;

CREATE TRIGGER before_insert BEFORE INSERT ON reservations
    FOR EACH ROW EXECUTE FUNCTION reservations_before_insert();

CREATE TRIGGER before_update BEFORE UPDATE ON reservations
    FOR EACH ROW EXECUTE FUNCTION reservations_before_update();

CREATE TRIGGER after_change AFTER INSERT OR UPDATE OR DELETE ON reservations
    FOR EACH ROW EXECUTE FUNCTION reservations_after_change();
""",
            reverse_sql=r"""
DROP TRIGGER after_change ON reservations;

DROP TRIGGER before_update ON reservations;

DROP TRIGGER before_insert ON reservations;

REVOKE DELETE ON reservations FROM rhivo_worker;

REVOKE SELECT, INSERT, UPDATE (status) ON reservations FROM rhivo_app;

DROP POLICY worker_forgets ON reservations;

DROP POLICY worker_ends ON reservations;

DROP POLICY worker_reads ON reservations;

DROP POLICY people_at_work_end ON reservations;

DROP POLICY its_holder_ends ON reservations;

DROP POLICY anyone_holds ON reservations;

DROP POLICY people_at_work_read ON reservations;

DROP POLICY its_customer_reads ON reservations;

DROP POLICY its_holder_reads ON reservations;

ALTER TABLE reservations DROP CONSTRAINT ends_after_it_starts;

ALTER TABLE reservations DROP CONSTRAINT starts_on_the_grain;

ALTER TABLE reservations DROP CONSTRAINT reservation_staff_same_business;

ALTER TABLE reservations DROP CONSTRAINT reservation_service_same_business;

DROP POLICY owner_sees_all ON reservations;

ALTER TABLE reservations NO FORCE ROW LEVEL SECURITY;

ALTER TABLE reservations DISABLE ROW LEVEL SECURITY;

REVOKE SELECT ON busy_times FROM rhivo_app;

DROP POLICY worker_reads ON busy_times;

DROP POLICY public_reads ON busy_times;

ALTER TABLE busy_times DROP CONSTRAINT occupancy_resource_same_business;

ALTER TABLE busy_times DROP CONSTRAINT one_resource_one_use;

ALTER TABLE busy_times DROP CONSTRAINT one_staff_one_place;

DROP POLICY owner_sees_all ON busy_times;

ALTER TABLE busy_times NO FORCE ROW LEVEL SECURITY;

ALTER TABLE busy_times DISABLE ROW LEVEL SECURITY;

DROP TRIGGER after_change ON appointments;

DROP TRIGGER before_update ON appointments;

DROP TRIGGER before_insert ON appointments;

REVOKE SELECT, INSERT, UPDATE (service_id, staff_id, resource_ids, starts_at, status, version, notes, overrides) ON appointments FROM rhivo_app;

DROP POLICY worker_reads ON appointments;

DROP POLICY people_at_work_change ON appointments;

DROP POLICY its_guest_changes ON appointments;

DROP POLICY its_customer_changes ON appointments;

DROP POLICY people_at_work_book ON appointments;

DROP POLICY its_holder_commits ON appointments;

DROP POLICY people_at_work_read ON appointments;

DROP POLICY its_guest_reads ON appointments;

DROP POLICY its_customer_reads ON appointments;

ALTER TABLE appointments DROP CONSTRAINT ends_after_it_starts;

ALTER TABLE appointments DROP CONSTRAINT starts_on_the_grain;

ALTER TABLE appointments DROP CONSTRAINT appointment_hold_same_business;

ALTER TABLE appointments DROP CONSTRAINT appointment_staff_same_business;

ALTER TABLE appointments DROP CONSTRAINT appointment_service_same_business;

DROP POLICY owner_sees_all ON appointments;

ALTER TABLE appointments NO FORCE ROW LEVEL SECURITY;

ALTER TABLE appointments DISABLE ROW LEVEL SECURITY;

GRANT EXECUTE ON FUNCTION write_appointment_history(text, appointments, appointments, text, text[]) TO PUBLIC;

DROP FUNCTION write_appointment_history(_operation text, _old appointments, _new appointments, _entity text, _secret text[]);

GRANT EXECUTE ON FUNCTION working_ranges(tstzrange, timestamptz, integer, integer) TO PUBLIC;

DROP FUNCTION working_ranges( _during tstzrange, _starts_at timestamptz, _processing_after integer, _processing integer );

GRANT EXECUTE ON FUNCTION reservations_in_order(reservations) TO PUBLIC;

DROP FUNCTION reservations_in_order(_new reservations);

GRANT EXECUTE ON FUNCTION reservations_before_update() TO PUBLIC;

DROP FUNCTION reservations_before_update();

GRANT EXECUTE ON FUNCTION reservations_before_insert() TO PUBLIC;

DROP FUNCTION reservations_before_insert();

GRANT EXECUTE ON FUNCTION reservations_after_change() TO PUBLIC;

DROP FUNCTION reservations_after_change();

GRANT EXECUTE ON FUNCTION peak_uses(uuid, uuid, uuid, tstzrange, uuid) TO PUBLIC;

DROP FUNCTION peak_uses( _business_id uuid, _staff_id uuid, _resource_id uuid, _during tstzrange, _class_key uuid );

GRANT EXECUTE ON FUNCTION peak_places(uuid, tstzrange) TO PUBLIC;

DROP FUNCTION peak_places(_service_id uuid, _during tstzrange);

GRANT EXECUTE ON FUNCTION parts_meet(timestamptz, uuid, boolean, timestamptz, uuid, boolean, integer) TO PUBLIC;

DROP FUNCTION parts_meet( _ends_at timestamptz, _staff_id uuid, _joined_after boolean, _next_starts_at timestamptz, _next_staff_id uuid, _next_joined_before boolean, _max_wait integer );

GRANT EXECUTE ON FUNCTION occupy_time(uuid, uuid, uuid, uuid, uuid[], integer, timestamptz, tstzrange, tstzmultirange, timestamptz) TO PUBLIC;

DROP FUNCTION occupy_time( _business_id uuid, _source_id uuid, _service_id uuid, _staff_id uuid, _resource_ids uuid[], _places integer, _starts_at timestamptz, _during tstzrange, _working tstzmultirange, _expires_at timestamptz );

GRANT EXECUTE ON FUNCTION occupy_resources(uuid, uuid, uuid, uuid[], uuid, tstzrange, timestamptz) TO PUBLIC;

DROP FUNCTION occupy_resources( _business_id uuid, _source_id uuid, _service_id uuid, _resource_ids uuid[], _class_key uuid, _during tstzrange, _expires_at timestamptz );

GRANT EXECUTE ON FUNCTION occupy_for_reservation(text, reservations, reservations) TO PUBLIC;

DROP FUNCTION occupy_for_reservation(_operation text, _old reservations, _new reservations);

GRANT EXECUTE ON FUNCTION occupy_for_appointment(text, appointments, appointments) TO PUBLIC;

DROP FUNCTION occupy_for_appointment(_operation text, _old appointments, _new appointments);

GRANT EXECUTE ON FUNCTION occupied_range(timestamptz, timestamptz, integer, integer) TO PUBLIC;

DROP FUNCTION occupied_range( _starts_at timestamptz, _ends_at timestamptz, _before integer, _after integer );

GRANT EXECUTE ON FUNCTION new_reference() TO PUBLIC;

DROP FUNCTION new_reference();

REVOKE EXECUTE ON FUNCTION lock_subjects(uuid, uuid[], uuid[], uuid[]) FROM rhivo_app;

GRANT EXECUTE ON FUNCTION lock_subjects(uuid, uuid[], uuid[], uuid[]) TO PUBLIC;

DROP FUNCTION lock_subjects(_business_id uuid, _service_ids uuid[], _staff_ids uuid[], _resource_ids uuid[]);

GRANT EXECUTE ON FUNCTION lock_service(uuid, uuid) TO PUBLIC;

DROP FUNCTION lock_service(_business_id uuid, _service_id uuid);

REVOKE EXECUTE ON FUNCTION live_occupancy(uuid, uuid, uuid[], uuid[], tstzrange, timestamptz, uuid) FROM rhivo_app;

GRANT EXECUTE ON FUNCTION live_occupancy(uuid, uuid, uuid[], uuid[], tstzrange, timestamptz, uuid) TO PUBLIC;

DROP FUNCTION live_occupancy( _business_id uuid, _service_id uuid, _staff_ids uuid[], _resource_ids uuid[], _within tstzrange, _at timestamptz, _except uuid );

GRANT EXECUTE ON FUNCTION limit_live_holds(uuid, text) TO PUBLIC;

DROP FUNCTION limit_live_holds(_business_id uuid, _visitor text);

GRANT EXECUTE ON FUNCTION kept_terms(appointments, appointments) TO PUBLIC;

DROP FUNCTION kept_terms(_old appointments, _new appointments);

GRANT EXECUTE ON FUNCTION is_rescheduled(appointments, appointments) TO PUBLIC;

DROP FUNCTION is_rescheduled(_old appointments, _new appointments);

REVOKE EXECUTE ON FUNCTION hold_of_key(uuid, text) FROM rhivo_app;

GRANT EXECUTE ON FUNCTION hold_of_key(uuid, text) TO PUBLIC;

DROP FUNCTION hold_of_key(_business_id uuid, _key text);

GRANT EXECUTE ON FUNCTION held_terms(reservations) TO PUBLIC;

DROP FUNCTION held_terms(_new reservations);

GRANT EXECUTE ON FUNCTION ended_hold(reservations, reservations) TO PUBLIC;

DROP FUNCTION ended_hold(_old reservations, _new reservations);

GRANT EXECUTE ON FUNCTION class_key_of(uuid, timestamptz) TO PUBLIC;

DROP FUNCTION class_key_of(_service_id uuid, _starts_at timestamptz);

GRANT EXECUTE ON FUNCTION check_visit(text, appointments, appointments) TO PUBLIC;

DROP FUNCTION check_visit(_operation text, _old appointments, _new appointments);

GRANT EXECUTE ON FUNCTION check_status(appointments, appointments) TO PUBLIC;

DROP FUNCTION check_status(_old appointments, _new appointments);

GRANT EXECUTE ON FUNCTION check_staff_capacity(uuid, uuid, integer, tstzmultirange, uuid) TO PUBLIC;

DROP FUNCTION check_staff_capacity( _business_id uuid, _staff_id uuid, _capacity integer, _working tstzmultirange, _class_key uuid );

GRANT EXECUTE ON FUNCTION check_overrides(appointments) TO PUBLIC;

DROP FUNCTION check_overrides(_new appointments);

GRANT EXECUTE ON FUNCTION check_customer_change(appointments, appointments) TO PUBLIC;

DROP FUNCTION check_customer_change(_old appointments, _new appointments);

GRANT EXECUTE ON FUNCTION check_class(uuid, uuid, uuid, uuid, uuid[], tstzrange) TO PUBLIC;

DROP FUNCTION check_class( _business_id uuid, _service_id uuid, _class_key uuid, _staff_id uuid, _resource_ids uuid[], _during tstzrange );

GRANT EXECUTE ON FUNCTION capacity_of(services, uuid, uuid[]) TO PUBLIC;

DROP FUNCTION capacity_of(_service services, _staff_id uuid, _resource_ids uuid[]);

REVOKE EXECUTE ON FUNCTION bookings_of_customer(uuid, uuid, text, text, tstzrange, uuid) FROM rhivo_app;

GRANT EXECUTE ON FUNCTION bookings_of_customer(uuid, uuid, text, text, tstzrange, uuid) TO PUBLIC;

DROP FUNCTION bookings_of_customer( _business_id uuid, _user_id uuid, _email text, _phone text, _day tstzrange, _except uuid );

GRANT EXECUTE ON FUNCTION bookable_service(uuid, uuid, uuid, uuid[], integer) TO PUBLIC;

DROP FUNCTION bookable_service( _business_id uuid, _service_id uuid, _staff_id uuid, _resource_ids uuid[], _places integer );

GRANT EXECUTE ON FUNCTION appointments_in_order(appointments) TO PUBLIC;

DROP FUNCTION appointments_in_order(_new appointments);

GRANT EXECUTE ON FUNCTION appointments_before_update() TO PUBLIC;

DROP FUNCTION appointments_before_update();

GRANT EXECUTE ON FUNCTION appointments_before_insert() TO PUBLIC;

DROP FUNCTION appointments_before_insert();

GRANT EXECUTE ON FUNCTION appointments_after_change() TO PUBLIC;

DROP FUNCTION appointments_after_change();

REVOKE EXECUTE ON FUNCTION appointment_of_key(uuid, text) FROM rhivo_app;

GRANT EXECUTE ON FUNCTION appointment_of_key(uuid, text) TO PUBLIC;

DROP FUNCTION appointment_of_key(_business_id uuid, _key text);

GRANT EXECUTE ON FUNCTION agreed_terms(appointments) TO PUBLIC;

DROP FUNCTION agreed_terms(_new appointments);

DROP SEQUENCE appointment_numbers;
""",
        ),
    ]
