-- Refuse what the service does not offer: it must be active, and be done by one of its staff if it has any.
CREATE OR REPLACE FUNCTION bookable_service(_business_id uuid, _service_id uuid, _staff_id uuid) RETURNS services
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
