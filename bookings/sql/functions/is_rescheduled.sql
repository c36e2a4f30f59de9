-- Whether a change gives an appointment another time, service, person or resource.
CREATE OR REPLACE FUNCTION is_rescheduled(_old appointments, _new appointments) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (_new.service_id, _new.staff_id, _new.resource_ids, _new.starts_at)
           IS DISTINCT FROM (_old.service_id, _old.staff_id, _old.resource_ids, _old.starts_at)
$$;
REVOKE EXECUTE ON FUNCTION is_rescheduled(appointments, appointments) FROM PUBLIC;
