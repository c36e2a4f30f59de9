-- Leave an entry for a change of an appointment, under the word for what happened.
CREATE OR REPLACE FUNCTION write_appointment_history(_operation text, _old appointments, _new appointments, _entity text, _secret text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    _action constant text := CASE
        WHEN _operation = 'INSERT' THEN 'booked'
        WHEN _operation = 'DELETE' THEN 'deleted'
        WHEN _new.status <> _old.status THEN _new.status
        WHEN is_rescheduled(_old, _new) THEN 'rescheduled'
        ELSE 'changed'
    END;
BEGIN
    PERFORM write_history(COALESCE(_new.business_id, _old.business_id), _entity, COALESCE(_new.id, _old.id), _action,
                          CASE WHEN _operation <> 'INSERT' THEN without_secrets(to_jsonb(_old), _secret) END,
                          CASE WHEN _operation <> 'DELETE' THEN without_secrets(to_jsonb(_new), _secret) END);
END $$;
REVOKE EXECUTE ON FUNCTION write_appointment_history(text, appointments, appointments, text, text[]) FROM PUBLIC;
