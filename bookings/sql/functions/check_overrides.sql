-- Setting a rule aside is for people at work, so a customer's booking begins with nothing set aside.
CREATE OR REPLACE FUNCTION check_overrides(_new appointments) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF _new.overrides = '[]' OR working_business_id() = _new.business_id
       OR pg_has_role(session_user, 'rhivo_owner', 'MEMBER') THEN
        RETURN;
    END IF;
    RAISE EXCEPTION 'people at work alone set rules aside'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'people_at_work_override';
END $$;
REVOKE EXECUTE ON FUNCTION check_overrides(appointments) FROM PUBLIC;
