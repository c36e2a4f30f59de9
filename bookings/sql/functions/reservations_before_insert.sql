-- A hold is limited first, before it waits for any other lock, and its terms are read under the lock of its service.
CREATE OR REPLACE FUNCTION reservations_before_insert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.part = 1 THEN
        PERFORM limit_live_holds(NEW.business_id, NEW.visitor);
    END IF;
    PERFORM lock_service(NEW.business_id, NEW.service_id);
    NEW := held_terms(NEW);
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION reservations_before_insert() FROM PUBLIC;
