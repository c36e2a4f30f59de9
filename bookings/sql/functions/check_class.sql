-- All bookings of one class have the same teacher and the same rooms. Asked under the lock of the service, which every
-- booking of the class takes.
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
