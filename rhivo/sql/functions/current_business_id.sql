-- The business that the claims in force are for. A setting that is not there reads as NULL, never as ''.
CREATE OR REPLACE FUNCTION current_business_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('rhivo.business_id', true), '')::uuid $$;
COMMENT ON FUNCTION current_business_id() IS 'The business that the claims in force are for, or NULL';
REVOKE EXECUTE ON FUNCTION current_business_id() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION current_business_id() TO rhivo_app;
