-- Tenants never meet: each row is read and written only under claims that reach it; without claims, public rows alone.
-- The owner's policies let migrations and SECURITY DEFINER triggers see every row, which FORCE would hide from them too.

ALTER TABLE businesses ENABLE ROW LEVEL SECURITY;
ALTER TABLE businesses FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_sees_all ON businesses TO rhivo_owner USING (true) WITH CHECK (true);
CREATE POLICY public_reads_active ON businesses FOR SELECT TO rhivo_app
    USING (is_active AND COALESCE(id = (SELECT current_business_id()), (SELECT current_business_id()) IS NULL));
CREATE POLICY people_at_work_read ON businesses FOR SELECT TO rhivo_app USING (id = (SELECT working_business_id()));
CREATE POLICY its_owner_changes ON businesses FOR UPDATE TO rhivo_app
    USING (id = (SELECT owned_business_id())) WITH CHECK (id = (SELECT owned_business_id()));
CREATE POLICY operator_reads_all ON businesses FOR SELECT TO rhivo_worker USING (true);
CREATE POLICY operator_founds ON businesses FOR INSERT TO rhivo_worker
    WITH CHECK (id = (SELECT owned_business_id()));
GRANT SELECT, UPDATE ON businesses TO rhivo_app;
GRANT INSERT ON businesses TO rhivo_worker;

-- What is said of a business below is public while the business itself is visible under the same claims.

ALTER TABLE categories ENABLE ROW LEVEL SECURITY;
ALTER TABLE categories FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_sees_all ON categories TO rhivo_owner USING (true) WITH CHECK (true);
CREATE POLICY public_reads ON categories FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = categories.business_id));
CREATE POLICY its_owner_adds ON categories FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_changes ON categories FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_removes ON categories FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON categories TO rhivo_app;

ALTER TABLE services ENABLE ROW LEVEL SECURITY;
ALTER TABLE services FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_sees_all ON services TO rhivo_owner USING (true) WITH CHECK (true);
CREATE POLICY public_reads ON services FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = services.business_id));
CREATE POLICY its_owner_adds ON services FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_changes ON services FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_removes ON services FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON services TO rhivo_app;

ALTER TABLE staff ENABLE ROW LEVEL SECURITY;
ALTER TABLE staff FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_sees_all ON staff TO rhivo_owner USING (true) WITH CHECK (true);
CREATE POLICY public_reads ON staff FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = staff.business_id));
CREATE POLICY its_owner_adds ON staff FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_changes ON staff FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_removes ON staff FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON staff TO rhivo_app;

ALTER TABLE service_staff ENABLE ROW LEVEL SECURITY;
ALTER TABLE service_staff FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_sees_all ON service_staff TO rhivo_owner USING (true) WITH CHECK (true);
CREATE POLICY public_reads ON service_staff FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = service_staff.business_id));
CREATE POLICY its_owner_adds ON service_staff FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_changes ON service_staff FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_removes ON service_staff FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON service_staff TO rhivo_app;

ALTER TABLE availability ENABLE ROW LEVEL SECURITY;
ALTER TABLE availability FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_sees_all ON availability TO rhivo_owner USING (true) WITH CHECK (true);
CREATE POLICY public_reads ON availability FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = availability.business_id));
CREATE POLICY its_owner_adds ON availability FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_changes ON availability FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_removes ON availability FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON availability TO rhivo_app;

ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_sees_all ON memberships TO rhivo_owner USING (true) WITH CHECK (true);
CREATE POLICY people_at_work_read ON memberships FOR SELECT TO rhivo_app
    USING (business_id = (SELECT working_business_id()));
CREATE POLICY its_owner_adds ON memberships FOR INSERT TO rhivo_app
    WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_changes ON memberships FOR UPDATE TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY its_owner_removes ON memberships FOR DELETE TO rhivo_app
    USING (business_id = (SELECT owned_business_id()));
GRANT SELECT, INSERT, UPDATE, DELETE ON memberships TO rhivo_app;

-- A person sees themself, and people at work see their colleagues; an account is no business's property.
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
ALTER TABLE users FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_sees_all ON users TO rhivo_owner USING (true) WITH CHECK (true);
CREATE POLICY oneself ON users FOR SELECT TO rhivo_app USING (id = (SELECT current_user_id()));
CREATE POLICY colleagues ON users FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM memberships m
                   WHERE m.user_id = users.id AND m.business_id = (SELECT working_business_id())));
CREATE POLICY oneself_changes ON users FOR UPDATE TO rhivo_app
    USING (id = (SELECT current_user_id())) WITH CHECK (id = (SELECT current_user_id()));
CREATE POLICY operator_reads ON users FOR SELECT TO rhivo_worker USING (true);
CREATE POLICY operator_adds ON users FOR INSERT TO rhivo_worker WITH CHECK (true);
GRANT SELECT ON users TO rhivo_app;
GRANT UPDATE (name, phone, password, email_verified_at) ON users TO rhivo_app;
GRANT INSERT ON users TO rhivo_worker;
