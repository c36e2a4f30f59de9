-- What a claim is said to have been taken under is what it was counted under: the service is locked before its terms are read.
-- Read before the lock, the capacity, length or buffers of a service that is being changed would be agreed as they were.

CREATE FUNCTION lock_its_service() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM FROM services WHERE business_id = NEW.business_id AND id = NEW.service_id FOR NO KEY UPDATE;
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION lock_its_service() FROM PUBLIC;

-- Triggers fire by name: after `live_holds_are_limited`, before `takes_the_terms`.
CREATE TRIGGER locks_its_service BEFORE INSERT ON reservations
    FOR EACH ROW EXECUTE FUNCTION lock_its_service();
CREATE TRIGGER locks_its_service BEFORE INSERT ON appointments
    FOR EACH ROW WHEN (NEW.reservation_id IS NULL) EXECUTE FUNCTION lock_its_service();
-- Before `keeps_the_terms`.
CREATE TRIGGER has_its_service_locked BEFORE UPDATE ON appointments
    FOR EACH ROW WHEN ((NEW.service_id, NEW.staff_id, NEW.starts_at) IS DISTINCT FROM
                       (OLD.service_id, OLD.staff_id, OLD.starts_at))
    EXECUTE FUNCTION lock_its_service();
