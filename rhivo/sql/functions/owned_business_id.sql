-- The business for which its owner acts.
CREATE OR REPLACE FUNCTION owned_business_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT current_business_id() WHERE current_user_role() = 'owner' $$;
COMMENT ON FUNCTION owned_business_id() IS 'The business whose owner is acting, or NULL';
REVOKE EXECUTE ON FUNCTION owned_business_id() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION owned_business_id() TO rhivo_app;
