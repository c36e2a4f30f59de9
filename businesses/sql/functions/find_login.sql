-- The account with exactly this email, for checking a password. One row or none.
-- Before log-in there are no claims, and without claims no account can be read. This function, as its owner, lets one
-- account be read by somebody who names its whole address.
CREATE OR REPLACE FUNCTION find_login(_email text) RETURNS SETOF users
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT * FROM users WHERE email = lower(_email) $$;
COMMENT ON FUNCTION find_login(text) IS 'The account with exactly this email, for checking a password';
REVOKE EXECUTE ON FUNCTION find_login(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_login(text) TO rhivo_app;
