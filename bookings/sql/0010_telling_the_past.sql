-- The past can be told: a customer or guest reads the history of their own appointments, and a released hold says when it ended.

-- Whose appointment it is, row security of appointments says. People at work have a policy of their own: for them this one is
-- false before it looks, so that it costs their lists nothing. Not EXISTS, which the planner may answer by reading all
-- appointments of the installation once: this way each entry looks its own one up by its key.
CREATE POLICY whose_appointment_it_is_reads ON audit_logs FOR SELECT TO rhivo_app
    USING ((SELECT working_business_id()) IS NULL AND entity = 'appointment'
           AND (SELECT true FROM appointments a
                WHERE a.id = audit_logs.entity_id AND a.business_id = audit_logs.business_id));

-- A hold that is released ended at that moment and not at the end it was given: otherwise nobody could say later when its
-- time was free again.
CREATE FUNCTION released_hold_says_when() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.expires_at := LEAST(NEW.expires_at, clock_timestamp());
    RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION released_hold_says_when() FROM PUBLIC;
CREATE TRIGGER says_when_it_was_released BEFORE UPDATE ON reservations
    FOR EACH ROW WHEN (OLD.status = 'held' AND NEW.status = 'released') EXECUTE FUNCTION released_hold_says_when();
