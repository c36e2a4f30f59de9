-- Lock all that a visit of several parts takes, in the order in which every booking locks: services, people, resources, each
-- by id. Part by part, two visits could lock each other out. It looks at the claims before anything else.
CREATE OR REPLACE FUNCTION lock_subjects(_business_id uuid, _service_ids uuid[], _staff_ids uuid[], _resource_ids uuid[])
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _business_id IS DISTINCT FROM current_business_id() THEN
        RETURN;
    END IF;
    PERFORM FROM services WHERE business_id = _business_id AND id = ANY (_service_ids) ORDER BY id FOR NO KEY UPDATE;
    PERFORM FROM staff WHERE business_id = _business_id AND id = ANY (_staff_ids) ORDER BY id FOR NO KEY UPDATE;
    PERFORM FROM resources WHERE business_id = _business_id AND id = ANY (_resource_ids) ORDER BY id FOR NO KEY UPDATE;
END $$;
REVOKE EXECUTE ON FUNCTION lock_subjects(uuid, uuid[], uuid[], uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lock_subjects(uuid, uuid[], uuid[], uuid[]) TO rhivo_app;
