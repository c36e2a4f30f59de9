-- Lock a service: under this lock its terms are agreed and its capacity is counted, each in a later statement.
CREATE OR REPLACE FUNCTION lock_service(_business_id uuid, _service_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM services WHERE business_id = _business_id AND id = _service_id FOR NO KEY UPDATE;
END $$;
REVOKE EXECUTE ON FUNCTION lock_service(uuid, uuid) FROM PUBLIC;
