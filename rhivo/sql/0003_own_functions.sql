-- No function of ours is open to PUBLIC: who acts may be read by the two logins, and trigger functions are called by triggers.

REVOKE EXECUTE ON FUNCTION current_business_id(), current_user_id(), current_user_role(), current_cancellation_token(),
    current_reservation_id(), working_business_id(), owned_business_id(), bump_version(), refuse_rewrite() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION current_business_id(), current_user_id(), current_user_role(), current_cancellation_token(),
    current_reservation_id(), working_business_id(), owned_business_id() TO rhivo_app;

-- Temporary tables, and functions and operators in pg_temp, are for nobody but the owner of the database.
DO $$ BEGIN
    EXECUTE format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM PUBLIC', current_database());
END $$;
