-- Before anyone is known, exactly two questions may be asked of accounts: who has this email, and what is this person here.

-- The account with exactly this email, for checking a password. One row or none.
CREATE FUNCTION find_login(_email text) RETURNS SETOF users
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT * FROM users WHERE email = lower(_email) $$;
COMMENT ON FUNCTION find_login(text) IS 'The account with exactly this email, for checking a password';

-- What an active person is to a business: owner, staff or customer; NULL for who is deleted or disabled.
CREATE FUNCTION standing_of(_user_id uuid, _business_id uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
        SELECT COALESCE((SELECT role FROM memberships WHERE user_id = _user_id AND business_id = _business_id), 'customer')
        FROM users WHERE id = _user_id AND is_active
    $$;
COMMENT ON FUNCTION standing_of(uuid, uuid) IS 'owner, staff or customer; NULL for who is deleted or disabled';

-- Where the signed-in person works, for choosing a business at log-in.
CREATE FUNCTION my_businesses() RETURNS TABLE (business_id uuid, subdomain text, name text, role text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
        SELECT b.id, b.subdomain, b.name, m.role
        FROM memberships m JOIN businesses b ON b.id = m.business_id
        WHERE m.user_id = current_user_id() ORDER BY m.created_at, b.id
    $$;
COMMENT ON FUNCTION my_businesses() IS 'Businesses in which the signed-in person is owner or staff';

REVOKE EXECUTE ON FUNCTION find_login(text), standing_of(uuid, uuid), my_businesses() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION find_login(text), standing_of(uuid, uuid), my_businesses() TO rhivo_app;
