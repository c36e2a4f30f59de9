-- Where the signed-in person works, for choosing a business at log-in: then no business is claimed yet, and under none
-- no membership can be read. Businesses that are switched off are among them, for their people still work there.
CREATE OR REPLACE FUNCTION my_businesses() RETURNS TABLE (business_id uuid, subdomain text, name text, role text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
        SELECT b.id, b.subdomain, b.name, m.role
        FROM memberships m JOIN businesses b ON b.id = m.business_id
        WHERE m.user_id = current_user_id() ORDER BY m.created_at, b.id
    $$;
COMMENT ON FUNCTION my_businesses() IS 'Businesses in which the signed-in person is owner or staff';
REVOKE EXECUTE ON FUNCTION my_businesses() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION my_businesses() TO rhivo_app;
