-- Whoever acts is known to SQL through transaction-local settings; nothing set reads as NULL, never as ''.

GRANT USAGE ON SCHEMA public TO rhivo_app, rhivo_worker;

CREATE FUNCTION current_business_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('rhivo.business_id', true), '')::uuid $$;
COMMENT ON FUNCTION current_business_id() IS 'The business that the claims in force are for, or NULL';

CREATE FUNCTION current_user_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('rhivo.user_id', true), '')::uuid $$;
COMMENT ON FUNCTION current_user_id() IS 'The signed-in person, or NULL';

CREATE FUNCTION current_user_role() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('rhivo.role', true), '') $$;
COMMENT ON FUNCTION current_user_role() IS 'owner, staff or customer in the business of the claims, or NULL';

CREATE FUNCTION current_cancellation_token() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('rhivo.cancellation_token', true), '') $$;
COMMENT ON FUNCTION current_cancellation_token() IS 'SHA-256 in hex of the token a guest presents, or NULL';

CREATE FUNCTION current_reservation_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('rhivo.reservation_id', true), '')::uuid $$;
COMMENT ON FUNCTION current_reservation_id() IS 'The hold a visitor presents, or NULL';

CREATE FUNCTION working_business_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT current_business_id() WHERE current_user_role() IN ('owner', 'staff') $$;
COMMENT ON FUNCTION working_business_id() IS 'The business whose staff or owner is acting, or NULL';

CREATE FUNCTION owned_business_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT current_business_id() WHERE current_user_role() = 'owner' $$;
COMMENT ON FUNCTION owned_business_id() IS 'The business whose owner is acting, or NULL';

-- Two editors never overwrite each other: a writer passes the version it read, and each update adds one.
CREATE FUNCTION bump_version() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.version IS DISTINCT FROM OLD.version THEN
        RAISE EXCEPTION 'version % was read, % is current', NEW.version, OLD.version
            USING ERRCODE = 'check_violation', CONSTRAINT = 'version_is_current';
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;

-- History and other append-only tables refuse every rewrite, also by their owner.
CREATE FUNCTION refuse_rewrite() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'append_only';
END $$;
