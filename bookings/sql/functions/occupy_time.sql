-- Occupy a range for a source: lock first, count in later statements, so that the count sees all that the lock waited for.
-- A snapshot older than the lock would overbook, hence READ COMMITTED only.
CREATE OR REPLACE FUNCTION occupy_time(
    _business_id uuid, _source_id uuid, _service_id uuid, _staff_id uuid,
    _starts_at timestamptz, _during tstzrange, _expires_at timestamptz
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _service services;
    _class_key uuid := _source_id;
    _peak bigint;
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
        PERFORM FROM staff WHERE business_id = _business_id AND id = _staff_id FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no such staff' USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'staff_exists';
        END IF;
        IF _service.is_group THEN
            _class_key := class_key_of(_service_id, _starts_at);
        END IF;
    END IF;

    DELETE FROM busy_times
        WHERE service_id = _service_id AND during && _during AND expires_at <= clock_timestamp();
    DELETE FROM busy_times
        WHERE business_id = _business_id AND staff_id = _staff_id AND during && _during
          AND expires_at <= clock_timestamp();

    SELECT peak_occupancy(_service_id, _during) INTO _peak;
    IF _peak >= _service.max_simultaneous_bookings THEN
        RAISE EXCEPTION 'service % is full in %', _service_id, _during
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'service_capacity';
    END IF;
    IF _class_key <> _source_id AND EXISTS (
        SELECT FROM busy_times
        WHERE service_id = _service_id AND class_key = _class_key AND during && _during AND staff_id <> _staff_id
    ) THEN
        RAISE EXCEPTION 'the class at % has another teacher', _starts_at
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'one_staff_a_class';
    END IF;
    INSERT INTO busy_times (business_id, source_id, service_id, staff_id, class_key, during, expires_at)
        VALUES (_business_id, _source_id, _service_id, _staff_id, _class_key, _during, _expires_at);
END $$;
REVOKE EXECUTE ON FUNCTION occupy_time(uuid, uuid, uuid, uuid, timestamptz, tstzrange, timestamptz) FROM PUBLIC;
