DROP FUNCTION seal_history(uuid, integer);
DROP FUNCTION closed_history(uuid);
GRANT USAGE ON SEQUENCE audit_seals_id_seq TO rhivo_worker;
GRANT INSERT ON audit_seals TO rhivo_worker;
DROP POLICY worker_reads_all ON audit_seals;
CREATE POLICY worker_seals ON audit_seals TO rhivo_worker USING (true) WITH CHECK (true);
