-- An account belongs to no business. A change of it becomes an entry in each business where the person works; a
-- customer's account leaves none. Each entry locks the end of a chain, so businesses come in the order of their ids: in
-- another order two changes could wait for each other. A password hash never enters the history.
CREATE OR REPLACE FUNCTION account_writes_history() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    _before constant jsonb := to_jsonb(OLD) - 'password';
    _after constant jsonb := to_jsonb(NEW) - 'password';
    _action constant text := CASE WHEN NEW.password <> OLD.password THEN 'password_changed' ELSE 'changed' END;
    _place uuid;
BEGIN
    IF _action = 'changed' AND _before = _after THEN
        RETURN NULL;
    END IF;
    FOR _place IN SELECT business_id FROM memberships WHERE user_id = NEW.id ORDER BY business_id LOOP
        PERFORM write_history(_place, 'account', NEW.id, _action, _before, _after);
    END LOOP;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION account_writes_history() FROM PUBLIC;
