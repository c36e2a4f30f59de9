-- Rescheduling keeps the terms; another service brings its own name, length, buffers and price. Another service or start
-- also takes the capacity that the service has now.
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
