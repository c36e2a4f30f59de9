-- Refuse what the service does not offer: it must be active, be done by one of its staff if it has any, and use one
-- resource of each kind that it needs. Several places are for classes.
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
