-- The ledger of occupied time. Only SECURITY DEFINER triggers write it; it holds no personal data, so everybody may read it.
-- @tenant_table read_by=public

-- Nobody is in two places. The capacity of a service is counted by `occupy_time()`, under its lock.
ALTER TABLE busy_times ADD CONSTRAINT one_staff_one_place EXCLUDE USING gist (
    business_id WITH =, staff_id WITH =, during WITH &&, class_key WITH <>
);
CREATE POLICY public_reads ON busy_times FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = busy_times.business_id));
CREATE POLICY worker_reads ON busy_times FOR SELECT TO rhivo_worker USING (true);
GRANT SELECT ON busy_times TO rhivo_app;
