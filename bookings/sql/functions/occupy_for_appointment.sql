-- Occupy the time of an appointment unless it is canceled. One made of a hold takes over the hold's rows: no second check,
-- and no window in which the slot could be lost. Updates that change no time re-check nothing.
-- The old time of one that is rescheduled was freed before any row of the statement was written: see
-- `appointments_before_update()`.
CREATE OR REPLACE FUNCTION occupy_for_appointment(_operation text, _old appointments, _new appointments) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _during tstzrange;
    _working tstzmultirange;
    _taken_over integer;
BEGIN
    IF _operation = 'DELETE' THEN
        DELETE FROM busy_times WHERE business_id = _old.business_id AND source_id = _old.id;
        RETURN;
    END IF;
    _during := occupied_range(_new.starts_at, _new.ends_at, _new.buffer_before_minutes, _new.buffer_after_minutes);
    _working := working_ranges(_during, _new.starts_at, _new.processing_after_minutes, _new.processing_minutes);
    IF _operation = 'INSERT' AND _new.reservation_id IS NOT NULL THEN
        UPDATE busy_times SET source_id = _new.id, expires_at = NULL,
                              class_key = CASE WHEN class_key = source_id THEN _new.id ELSE class_key END
            WHERE business_id = _new.business_id AND source_id = _new.reservation_id AND expires_at > clock_timestamp();
        GET DIAGNOSTICS _taken_over = ROW_COUNT;
        -- The clock goes on from row to row, so a hold may run out between two of its rows: all of them or none.
        IF _taken_over <> 1 + cardinality(_new.resource_ids)
                          + (CASE WHEN _new.staff_id IS NULL OR _working = tstzmultirange(_during) THEN 0 ELSE 2 END) THEN
            RAISE EXCEPTION 'hold % has run out', _new.reservation_id
                USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'hold_is_live';
        END IF;
        UPDATE reservations SET status = 'committed'
            WHERE business_id = _new.business_id AND id = _new.reservation_id;
    ELSIF _operation = 'INSERT' THEN
        PERFORM occupy_time(
            _new.business_id, _new.id, _new.service_id, _new.staff_id, _new.resource_ids, _new.places, _new.starts_at, _during,
            _working, NULL);
    ELSIF _new.status = 'canceled' THEN
        DELETE FROM busy_times WHERE business_id = _new.business_id AND source_id = _new.id;
    ELSIF is_rescheduled(_old, _new) THEN
        PERFORM occupy_time(
            _new.business_id, _new.id, _new.service_id, _new.staff_id, _new.resource_ids, _new.places, _new.starts_at, _during,
            _working, NULL);
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION occupy_for_appointment(text, appointments, appointments) FROM PUBLIC;
