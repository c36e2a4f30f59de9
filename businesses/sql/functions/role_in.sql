-- The role of a person in a business, for that person alone: they must be the one whom the claims name. It is asked
-- before the role is claimed, when no policy lets a membership be read yet.
CREATE OR REPLACE FUNCTION role_in(_user_id uuid, _business_id uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
        SELECT COALESCE((SELECT role FROM memberships WHERE user_id = _user_id AND business_id = _business_id), 'customer')
        FROM users WHERE id = _user_id AND id = current_user_id() AND is_active
    $$;
COMMENT ON FUNCTION role_in(uuid, uuid) IS 'owner, staff or customer; NULL for who is deleted or disabled';
REVOKE EXECUTE ON FUNCTION role_in(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION role_in(uuid, uuid) TO rhivo_app;
