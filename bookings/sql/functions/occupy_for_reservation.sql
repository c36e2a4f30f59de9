-- Occupy the time of a hold, or free it when the hold ends.
CREATE OR REPLACE FUNCTION occupy_for_reservation(_operation text, _old reservations, _new reservations) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _during tstzrange;
BEGIN
    IF _operation = 'INSERT' THEN
        _during := occupied_range(_new.starts_at, _new.ends_at, _new.buffer_before_minutes, _new.buffer_after_minutes);
        PERFORM occupy_time(
            _new.business_id, _new.id, _new.service_id, _new.staff_id, _new.resource_ids, _new.places, _new.starts_at, _during,
            working_ranges(_during, _new.starts_at, _new.processing_after_minutes, _new.processing_minutes), _new.expires_at);
    ELSIF _operation = 'DELETE' OR _new.status <> 'held' THEN
        DELETE FROM busy_times WHERE business_id = _old.business_id AND source_id = _old.id;
    ELSIF _new.expires_at <> _old.expires_at THEN
        UPDATE busy_times SET expires_at = _new.expires_at
            WHERE business_id = _new.business_id AND source_id = _new.id;
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION occupy_for_reservation(text, reservations, reservations) FROM PUBLIC;
