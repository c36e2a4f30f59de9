-- An appointment made of a hold takes exactly what was held; any other takes the service as it is now. Both take the
-- business's terms for canceling and rescheduling as they are now.
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
