DROP TRIGGER writes_history ON appointments;
GRANT EXECUTE ON FUNCTION appointment_writes_history() TO PUBLIC;
CREATE OR REPLACE FUNCTION appointment_writes_history() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    _secret constant text[] := ARRAY['cancellation_token_hash', 'idempotency_key', 'request_fingerprint'];
    _before jsonb;
    _after jsonb;
    _action text;
BEGIN
    IF TG_OP <> 'INSERT' THEN
        _before := to_jsonb(OLD) - _secret;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        _after := to_jsonb(NEW) - _secret;
    END IF;
    _action := CASE
        WHEN TG_OP = 'INSERT' THEN 'booked'
        WHEN TG_OP = 'DELETE' THEN 'deleted'
        WHEN NEW.status <> OLD.status THEN NEW.status
        WHEN (NEW.service_id, NEW.staff_id, NEW.starts_at) IS DISTINCT FROM (OLD.service_id, OLD.staff_id, OLD.starts_at)
            THEN 'moved'
        ELSE 'changed'
    END;
    PERFORM write_history(COALESCE(NEW.business_id, OLD.business_id), 'appointment', COALESCE(NEW.id, OLD.id),
                          _action, _before, _after);
    RETURN NULL;
END $$;
CREATE TRIGGER writes_history AFTER INSERT OR UPDATE OR DELETE ON appointments
    FOR EACH ROW EXECUTE FUNCTION appointment_writes_history();
