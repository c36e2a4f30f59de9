REVOKE INSERT ON users FROM rhivo_worker;
REVOKE UPDATE (name, phone, password, email_verified_at) ON users FROM rhivo_app;
REVOKE SELECT ON users FROM rhivo_app;
DROP POLICY operator_adds ON users;
DROP POLICY operator_reads ON users;
DROP POLICY oneself_changes ON users;
DROP POLICY colleagues ON users;
DROP POLICY oneself ON users;
DROP POLICY owner_sees_all ON users;
ALTER TABLE users NO FORCE ROW LEVEL SECURITY;
ALTER TABLE users DISABLE ROW LEVEL SECURITY;

REVOKE SELECT, INSERT, UPDATE, DELETE ON memberships FROM rhivo_app;
DROP POLICY its_owner_removes ON memberships;
DROP POLICY its_owner_changes ON memberships;
DROP POLICY its_owner_adds ON memberships;
DROP POLICY people_at_work_read ON memberships;
DROP POLICY owner_sees_all ON memberships;
ALTER TABLE memberships NO FORCE ROW LEVEL SECURITY;
ALTER TABLE memberships DISABLE ROW LEVEL SECURITY;

REVOKE SELECT, INSERT, UPDATE, DELETE ON availability FROM rhivo_app;
DROP POLICY its_owner_removes ON availability;
DROP POLICY its_owner_changes ON availability;
DROP POLICY its_owner_adds ON availability;
DROP POLICY public_reads ON availability;
DROP POLICY owner_sees_all ON availability;
ALTER TABLE availability NO FORCE ROW LEVEL SECURITY;
ALTER TABLE availability DISABLE ROW LEVEL SECURITY;

REVOKE SELECT, INSERT, UPDATE, DELETE ON service_staff FROM rhivo_app;
DROP POLICY its_owner_removes ON service_staff;
DROP POLICY its_owner_changes ON service_staff;
DROP POLICY its_owner_adds ON service_staff;
DROP POLICY public_reads ON service_staff;
DROP POLICY owner_sees_all ON service_staff;
ALTER TABLE service_staff NO FORCE ROW LEVEL SECURITY;
ALTER TABLE service_staff DISABLE ROW LEVEL SECURITY;

REVOKE SELECT, INSERT, UPDATE, DELETE ON staff FROM rhivo_app;
DROP POLICY its_owner_removes ON staff;
DROP POLICY its_owner_changes ON staff;
DROP POLICY its_owner_adds ON staff;
DROP POLICY public_reads ON staff;
DROP POLICY owner_sees_all ON staff;
ALTER TABLE staff NO FORCE ROW LEVEL SECURITY;
ALTER TABLE staff DISABLE ROW LEVEL SECURITY;

REVOKE SELECT, INSERT, UPDATE, DELETE ON services FROM rhivo_app;
DROP POLICY its_owner_removes ON services;
DROP POLICY its_owner_changes ON services;
DROP POLICY its_owner_adds ON services;
DROP POLICY public_reads ON services;
DROP POLICY owner_sees_all ON services;
ALTER TABLE services NO FORCE ROW LEVEL SECURITY;
ALTER TABLE services DISABLE ROW LEVEL SECURITY;

REVOKE SELECT, INSERT, UPDATE, DELETE ON categories FROM rhivo_app;
DROP POLICY its_owner_removes ON categories;
DROP POLICY its_owner_changes ON categories;
DROP POLICY its_owner_adds ON categories;
DROP POLICY public_reads ON categories;
DROP POLICY owner_sees_all ON categories;
ALTER TABLE categories NO FORCE ROW LEVEL SECURITY;
ALTER TABLE categories DISABLE ROW LEVEL SECURITY;

REVOKE INSERT ON businesses FROM rhivo_worker;
REVOKE SELECT, UPDATE ON businesses FROM rhivo_app;
DROP POLICY operator_founds ON businesses;
DROP POLICY operator_reads_all ON businesses;
DROP POLICY its_owner_changes ON businesses;
DROP POLICY people_at_work_read ON businesses;
DROP POLICY public_reads_active ON businesses;
DROP POLICY owner_sees_all ON businesses;
ALTER TABLE businesses NO FORCE ROW LEVEL SECURITY;
ALTER TABLE businesses DISABLE ROW LEVEL SECURITY;
