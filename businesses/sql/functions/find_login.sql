-- Before anyone is known, exactly two questions may be asked of accounts: who has this email, and what is this person here.

-- The account with exactly this email, for checking a password. One row or none.
CREATE OR REPLACE FUNCTION find_login(_email text) RETURNS SETOF users
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT * FROM users WHERE email = lower(_email) $$;
COMMENT ON FUNCTION find_login(text) IS 'The account with exactly this email, for checking a password';
REVOKE EXECUTE ON FUNCTION find_login(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_login(text) TO rhivo_app;
