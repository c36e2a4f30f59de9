DROP FUNCTION live_claims(uuid, uuid, uuid[], tstzrange, timestamptz, uuid);
REVOKE SELECT ON busy_times FROM rhivo_app;
DROP POLICY worker_reads ON busy_times;
DROP POLICY public_reads ON busy_times;
DROP POLICY owner_sees_all ON busy_times;
ALTER TABLE busy_times NO FORCE ROW LEVEL SECURITY;
ALTER TABLE busy_times DISABLE ROW LEVEL SECURITY;

REVOKE SELECT, INSERT, UPDATE (service_id, staff_id, starts_at, status, version, notes, overrides) ON appointments
    FROM rhivo_app;
DROP POLICY worker_reads ON appointments;
DROP POLICY people_at_work_change ON appointments;
DROP POLICY its_guest_changes ON appointments;
DROP POLICY its_customer_changes ON appointments;
DROP POLICY people_at_work_book ON appointments;
DROP POLICY its_holder_commits ON appointments;
DROP POLICY people_at_work_read ON appointments;
DROP POLICY its_guest_reads ON appointments;
DROP POLICY its_customer_reads ON appointments;
DROP POLICY owner_sees_all ON appointments;
ALTER TABLE appointments NO FORCE ROW LEVEL SECURITY;
ALTER TABLE appointments DISABLE ROW LEVEL SECURITY;

REVOKE DELETE ON reservations FROM rhivo_worker;
REVOKE SELECT, INSERT, UPDATE (status) ON reservations FROM rhivo_app;
DROP POLICY worker_ends ON reservations;
DROP POLICY people_at_work_end ON reservations;
DROP POLICY its_holder_ends ON reservations;
DROP POLICY anyone_holds ON reservations;
DROP POLICY people_at_work_read ON reservations;
DROP POLICY its_customer_reads ON reservations;
DROP POLICY its_holder_reads ON reservations;
DROP POLICY owner_sees_all ON reservations;
ALTER TABLE reservations NO FORCE ROW LEVEL SECURITY;
ALTER TABLE reservations DISABLE ROW LEVEL SECURITY;
