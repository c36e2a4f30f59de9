-- Occupy a range for a source: lock first, count in later statements, so that the count sees all that the lock waited for.
-- A snapshot older than the lock would overbook, hence READ COMMITTED only. The order of locks is the same everywhere:
-- services, people, resources, each by id.
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
