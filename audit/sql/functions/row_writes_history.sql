-- Leave an entry for each change of a row. The trigger's first argument is the entity, the others are secret columns. A
-- changed secret leaves an entry without its values; an update that changes nothing but the version leaves none.
CREATE OR REPLACE FUNCTION row_writes_history() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    _secret constant text[] := TG_ARGV[1:];
    _old constant jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    _new constant jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    _row constant jsonb := COALESCE(_new, _old);
    _before constant jsonb := without_secrets(_old, _secret);
    _after constant jsonb := without_secrets(_new, _secret);
    _action text := CASE TG_OP WHEN 'INSERT' THEN 'added' WHEN 'DELETE' THEN 'removed' ELSE 'changed' END;
BEGIN
    IF TG_OP = 'UPDATE' AND _before - 'version' = _after - 'version' THEN
        IF _old - 'version' = _new - 'version' THEN
            RETURN NULL;
        END IF;
        _action := 'secret_changed';
    END IF;
    PERFORM write_history(COALESCE(_row ->> 'business_id', _row ->> 'id')::uuid, TG_ARGV[0], (_row ->> 'id')::uuid,
                          _action, _before, _after);
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION row_writes_history() FROM PUBLIC;
