-- What the claims in force say that the person is in their business.
CREATE OR REPLACE FUNCTION current_user_role() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('rhivo.role', true), '') $$;
COMMENT ON FUNCTION current_user_role() IS 'owner, staff or customer in the business of the claims, or NULL';
REVOKE EXECUTE ON FUNCTION current_user_role() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION current_user_role() TO rhivo_app;
