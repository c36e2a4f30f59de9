-- The history of an appointment is told like that of any watched row, under words of its own for what happened.

CREATE OR REPLACE FUNCTION appointment_writes_history() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    _secret constant text[] := TG_ARGV[1:];
    _action constant text := CASE
        WHEN TG_OP = 'INSERT' THEN 'booked'
        WHEN TG_OP = 'DELETE' THEN 'deleted'
        WHEN NEW.status <> OLD.status THEN NEW.status
        WHEN (NEW.service_id, NEW.staff_id, NEW.starts_at) IS DISTINCT FROM (OLD.service_id, OLD.staff_id, OLD.starts_at)
            THEN 'moved'
        ELSE 'changed'
    END;
BEGIN
    PERFORM write_history(COALESCE(NEW.business_id, OLD.business_id), TG_ARGV[0], COALESCE(NEW.id, OLD.id), _action,
                          CASE WHEN TG_OP <> 'INSERT' THEN told_of(to_jsonb(OLD), _secret) END,
                          CASE WHEN TG_OP <> 'DELETE' THEN told_of(to_jsonb(NEW), _secret) END);
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION appointment_writes_history() FROM PUBLIC;
DROP TRIGGER writes_history ON appointments;
CREATE TRIGGER writes_history AFTER INSERT OR UPDATE OR DELETE ON appointments FOR EACH ROW
    EXECUTE FUNCTION appointment_writes_history('appointment', 'cancellation_token_hash', 'idempotency_key', 'request_fingerprint');
