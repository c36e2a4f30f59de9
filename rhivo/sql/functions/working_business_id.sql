-- The business for which staff or its owner act. Policies use it, so that a customer never passes for staff.
CREATE OR REPLACE FUNCTION working_business_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT current_business_id() WHERE current_user_role() IN ('owner', 'staff') $$;
COMMENT ON FUNCTION working_business_id() IS 'The business whose staff or owner is acting, or NULL';
REVOKE EXECUTE ON FUNCTION working_business_id() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION working_business_id() TO rhivo_app;
