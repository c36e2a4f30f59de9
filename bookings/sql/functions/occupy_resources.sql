-- Occupy the resources of a booking, each up to its capacity. They are locked after the service and the person, by id.
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
