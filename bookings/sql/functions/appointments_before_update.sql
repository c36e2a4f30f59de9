-- Lock, terms, status, version, then what a customer may change: an illegal status and a stale version are refused before
-- the agreed terms are asked.
CREATE OR REPLACE FUNCTION appointments_before_update() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF is_rescheduled(OLD, NEW) THEN
        PERFORM lock_service(NEW.business_id, NEW.service_id);
    END IF;
    NEW := kept_terms(OLD, NEW);
    PERFORM check_status(OLD, NEW);
    NEW.version := next_version(OLD.version, NEW.version);
    PERFORM check_customer_change(OLD, NEW);
    -- The parts of a visit are rescheduled by one statement. All of them are freed here, before the first occupies its new
    -- time, so that none stands in the way of another.
    IF is_rescheduled(OLD, NEW) THEN
        DELETE FROM busy_times WHERE business_id = OLD.business_id AND source_id = OLD.id;
    END IF;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION appointments_before_update() FROM PUBLIC;
