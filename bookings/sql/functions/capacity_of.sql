-- How many places a service has for such a booking, NULL for as many as its people and resources can serve. A service
-- without a number of its own that uses neither takes one booking at a time.
CREATE OR REPLACE FUNCTION capacity_of(_service services, _staff_id uuid, _resource_ids uuid[]) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT COALESCE(_service.max_simultaneous_bookings, CASE WHEN _staff_id IS NULL AND _resource_ids = '{}' THEN 1 END)
$$;
REVOKE EXECUTE ON FUNCTION capacity_of(services, uuid, uuid[]) FROM PUBLIC;
