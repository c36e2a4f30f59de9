-- Who is signed in under the claims in force.
CREATE OR REPLACE FUNCTION current_user_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('rhivo.user_id', true), '')::uuid $$;
COMMENT ON FUNCTION current_user_id() IS 'The signed-in person, or NULL';
REVOKE EXECUTE ON FUNCTION current_user_id() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION current_user_id() TO rhivo_app;
