-- The hash of the token that a guest presents.
CREATE OR REPLACE FUNCTION current_cancellation_token() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('rhivo.cancellation_token', true), '') $$;
COMMENT ON FUNCTION current_cancellation_token() IS 'SHA-256 in hex of the token a guest presents, or NULL';
REVOKE EXECUTE ON FUNCTION current_cancellation_token() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION current_cancellation_token() TO rhivo_app;
