-- The server decides what is agreed: end, buffers, price and terms come from the service and the business, whatever a writer sends.

CREATE SEQUENCE appointment_numbers;

-- A reference that reads well on the phone: a running number, scattered over 31^6 by a factor coprime to 31, in an
-- alphabet without 0/O and 1/I/L. Unique on the installation because the number is.
CREATE FUNCTION new_reference() RETURNS text
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

-- Refuse what the service does not offer: it must be active, and be done by one of its staff if it has any.
CREATE FUNCTION bookable_service(_business_id uuid, _service_id uuid, _staff_id uuid) RETURNS services
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _service services;
BEGIN
    SELECT * INTO _service FROM services WHERE business_id = _business_id AND id = _service_id;
    IF NOT FOUND OR NOT _service.is_active THEN
        RAISE EXCEPTION 'service % cannot be booked', _service_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'service_is_bookable';
    END IF;
    IF _staff_id IS NULL THEN
        PERFORM FROM service_staff WHERE business_id = _business_id AND service_id = _service_id;
        IF NOT FOUND THEN
            RETURN _service;
        END IF;
    ELSE
        PERFORM FROM service_staff a JOIN staff s ON s.business_id = a.business_id AND s.id = a.staff_id
            WHERE a.business_id = _business_id AND a.service_id = _service_id AND a.staff_id = _staff_id AND s.is_active;
        IF FOUND THEN
            RETURN _service;
        END IF;
    END IF;
    RAISE EXCEPTION 'service % is not done by staff %', _service_id, _staff_id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'staff_does_the_service';
END $$;
REVOKE EXECUTE ON FUNCTION bookable_service(uuid, uuid, uuid) FROM PUBLIC;

CREATE FUNCTION reservation_takes_the_terms() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _business businesses;
    _service services := bookable_service(NEW.business_id, NEW.service_id, NEW.staff_id);
BEGIN
    SELECT * INTO STRICT _business FROM businesses WHERE id = NEW.business_id;
    NEW.status := 'held';
    NEW.ends_at := NEW.starts_at + make_interval(mins => _service.duration_minutes);
    NEW.service_name := _service.name;
    NEW.service_capacity := _service.max_simultaneous_bookings;
    NEW.buffer_before_minutes := _service.buffer_before_minutes;
    NEW.buffer_after_minutes := _service.buffer_after_minutes;
    NEW.price_cents := _service.price_cents;
    NEW.currency := _business.currency;
    NEW.created_at := clock_timestamp();
    NEW.expires_at := LEAST(NEW.expires_at, NEW.created_at + make_interval(mins => _business.hold_minutes));
    RETURN NEW;
END $$;
CREATE TRIGGER takes_the_terms BEFORE INSERT ON reservations
    FOR EACH ROW EXECUTE FUNCTION reservation_takes_the_terms();

-- A hold changes in three ways only: it ends, it ends sooner, or its appointment takes it over. One that ended frees its key.
CREATE FUNCTION reservation_only_ends() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF OLD.status <> 'held' AND NEW.status <> OLD.status OR NEW.expires_at > OLD.expires_at THEN
        RAISE EXCEPTION 'hold % has ended, and no hold can be made longer', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_only_ends';
    END IF;
    -- Committing is what the insert of its appointment does, never an update by itself.
    IF NEW.status = 'committed' AND OLD.status = 'held' AND pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION 'hold % is committed by inserting its appointment', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_only_ends';
    END IF;
    IF NEW.status IN ('released', 'expired') THEN
        NEW.idempotency_key := NULL;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER only_ends BEFORE UPDATE ON reservations
    FOR EACH ROW EXECUTE FUNCTION reservation_only_ends();

-- An appointment made of a hold takes exactly what was held; any other takes the service as it is now. Both take the
-- business's terms for canceling and moving as they are now.
CREATE FUNCTION appointment_takes_the_terms() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _business businesses;
    _hold reservations;
    _service services;
BEGIN
    SELECT * INTO STRICT _business FROM businesses WHERE id = NEW.business_id;
    IF NEW.reservation_id IS NOT NULL THEN
        SELECT * INTO _hold FROM reservations
            WHERE business_id = NEW.business_id AND id = NEW.reservation_id FOR UPDATE;
        IF NOT FOUND OR _hold.status <> 'held' OR _hold.expires_at <= clock_timestamp() THEN
            RAISE EXCEPTION 'hold % has run out', NEW.reservation_id
                USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'hold_is_live';
        END IF;
        NEW.service_id := _hold.service_id;
        NEW.staff_id := _hold.staff_id;
        NEW.starts_at := _hold.starts_at;
        NEW.ends_at := _hold.ends_at;
        NEW.service_name := _hold.service_name;
        NEW.service_capacity := _hold.service_capacity;
        NEW.buffer_before_minutes := _hold.buffer_before_minutes;
        NEW.buffer_after_minutes := _hold.buffer_after_minutes;
        NEW.price_cents := _hold.price_cents;
        NEW.currency := _hold.currency;
        NEW.customer_id := COALESCE(_hold.customer_id, NEW.customer_id);
    ELSE
        _service := bookable_service(NEW.business_id, NEW.service_id, NEW.staff_id);
        NEW.ends_at := NEW.starts_at + make_interval(mins => _service.duration_minutes);
        NEW.service_name := _service.name;
        NEW.service_capacity := _service.max_simultaneous_bookings;
        NEW.buffer_before_minutes := _service.buffer_before_minutes;
        NEW.buffer_after_minutes := _service.buffer_after_minutes;
        NEW.price_cents := _service.price_cents;
        NEW.currency := _business.currency;
    END IF;
    NEW.allows_cancellation := _business.allows_cancellation;
    NEW.cancellation_deadline_hours := _business.cancellation_deadline_hours;
    NEW.allows_rescheduling := _business.allows_rescheduling;
    NEW.reschedule_deadline_hours := _business.reschedule_deadline_hours;
    NEW.status := 'confirmed';
    NEW.version := 1;
    NEW.reference := new_reference();
    NEW.created_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER takes_the_terms BEFORE INSERT ON appointments
    FOR EACH ROW EXECUTE FUNCTION appointment_takes_the_terms();

-- A move keeps the terms; one to another service takes that service's name, length, buffers and price.
CREATE FUNCTION appointment_keeps_the_terms() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _service services;
BEGIN
    NEW.ends_at := NEW.starts_at + (OLD.ends_at - OLD.starts_at);
    NEW.service_name := OLD.service_name;
    NEW.service_capacity := OLD.service_capacity;
    NEW.buffer_before_minutes := OLD.buffer_before_minutes;
    NEW.buffer_after_minutes := OLD.buffer_after_minutes;
    NEW.price_cents := OLD.price_cents;
    NEW.currency := OLD.currency;
    NEW.allows_cancellation := OLD.allows_cancellation;
    NEW.cancellation_deadline_hours := OLD.cancellation_deadline_hours;
    NEW.allows_rescheduling := OLD.allows_rescheduling;
    NEW.reschedule_deadline_hours := OLD.reschedule_deadline_hours;
    NEW.reference := OLD.reference;
    NEW.created_at := OLD.created_at;
    IF (NEW.service_id, NEW.staff_id) IS DISTINCT FROM (OLD.service_id, OLD.staff_id) THEN
        _service := bookable_service(NEW.business_id, NEW.service_id, NEW.staff_id);
    END IF;
    IF NEW.service_id <> OLD.service_id THEN
        NEW.ends_at := NEW.starts_at + make_interval(mins => _service.duration_minutes);
        NEW.service_name := _service.name;
        NEW.buffer_before_minutes := _service.buffer_before_minutes;
        NEW.buffer_after_minutes := _service.buffer_after_minutes;
        NEW.price_cents := _service.price_cents;
    END IF;
    IF (NEW.service_id, NEW.starts_at) IS DISTINCT FROM (OLD.service_id, OLD.starts_at) THEN
        SELECT max_simultaneous_bookings INTO STRICT NEW.service_capacity FROM services
            WHERE business_id = NEW.business_id AND id = NEW.service_id;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keeps_the_terms BEFORE UPDATE ON appointments
    FOR EACH ROW EXECUTE FUNCTION appointment_keeps_the_terms();
