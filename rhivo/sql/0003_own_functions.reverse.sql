-- The database stays closed to temporary tables: `create_roles` closes it too.
REVOKE EXECUTE ON FUNCTION current_business_id(), current_user_id(), current_user_role(), current_cancellation_token(),
    current_reservation_id(), working_business_id(), owned_business_id() FROM rhivo_app;
GRANT EXECUTE ON FUNCTION current_business_id(), current_user_id(), current_user_role(), current_cancellation_token(),
    current_reservation_id(), working_business_id(), owned_business_id(), bump_version(), refuse_rewrite() TO PUBLIC;
