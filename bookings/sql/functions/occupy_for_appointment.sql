-- Occupy the time of an appointment unless it is canceled. One made of a hold takes over the hold's row: no second check,
-- and no window in which the slot could be lost. Updates that change no time re-check nothing.
CREATE OR REPLACE FUNCTION occupy_for_appointment(_operation text, _old appointments, _new appointments) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _during tstzrange;
BEGIN
    IF _operation = 'DELETE' THEN
        DELETE FROM busy_times WHERE business_id = _old.business_id AND source_id = _old.id;
        RETURN;
    END IF;
    _during := occupied_range(_new.starts_at, _new.ends_at, _new.buffer_before_minutes, _new.buffer_after_minutes);
    IF _operation = 'INSERT' AND _new.reservation_id IS NOT NULL THEN
        UPDATE busy_times SET source_id = _new.id, expires_at = NULL
            WHERE business_id = _new.business_id AND source_id = _new.reservation_id AND expires_at > clock_timestamp()
              AND service_id = _new.service_id AND staff_id IS NOT DISTINCT FROM _new.staff_id AND during = _during;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'hold % has run out', _new.reservation_id
                USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'hold_is_live';
        END IF;
        UPDATE reservations SET status = 'committed'
            WHERE business_id = _new.business_id AND id = _new.reservation_id;
    ELSIF _operation = 'INSERT' THEN
        PERFORM occupy_time(_new.business_id, _new.id, _new.service_id, _new.staff_id, _new.starts_at, _during, NULL);
    ELSIF _new.status = 'canceled' THEN
        DELETE FROM busy_times WHERE business_id = _new.business_id AND source_id = _new.id;
    ELSIF (_new.service_id, _new.staff_id, _new.starts_at, _during) IS DISTINCT FROM
          (_old.service_id, _old.staff_id, _old.starts_at,
           occupied_range(_old.starts_at, _old.ends_at, _old.buffer_before_minutes, _old.buffer_after_minutes)) THEN
        DELETE FROM busy_times WHERE business_id = _new.business_id AND source_id = _new.id;
        PERFORM occupy_time(_new.business_id, _new.id, _new.service_id, _new.staff_id, _new.starts_at, _during, NULL);
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION occupy_for_appointment(text, appointments, appointments) FROM PUBLIC;
