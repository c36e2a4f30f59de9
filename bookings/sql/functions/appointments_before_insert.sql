-- The terms of an appointment that has no hold are read under the lock of its service: read before, they could be those of a
-- service that is being changed.
CREATE OR REPLACE FUNCTION appointments_before_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM check_overrides(NEW);
    IF NEW.reservation_id IS NULL THEN
        PERFORM lock_service(NEW.business_id, NEW.service_id);
    END IF;
    NEW := agreed_terms(NEW);
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION appointments_before_insert() FROM PUBLIC;
