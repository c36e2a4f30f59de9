-- The server decides what is held: end, buffers and price come from the service, whatever a writer sends.
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
