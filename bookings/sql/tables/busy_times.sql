-- The ledger of occupied time. Only SECURITY DEFINER triggers write it; it holds no personal data, so everybody may read it.
-- @tenant_table read_by=public

-- A person or resource of capacity 1 is never in two places, whatever the triggers do. One that may be shared has NULL
-- in the last column, and a NULL conflicts with nothing: its peak is counted by `occupy_time()`, as that of a service is.
ALTER TABLE busy_times ADD CONSTRAINT one_staff_one_place EXCLUDE USING gist (
    business_id WITH =, staff_id WITH =, during WITH &&, (CASE WHEN capacity = 1 THEN class_key END) WITH <>
) WHERE (staff_id IS NOT NULL);
ALTER TABLE busy_times ADD CONSTRAINT one_resource_one_use EXCLUDE USING gist (
    business_id WITH =, resource_id WITH =, during WITH &&, (CASE WHEN capacity = 1 THEN class_key END) WITH <>
) WHERE (resource_id IS NOT NULL);
-- A resource that a booking uses or used stays: the history names it.
ALTER TABLE busy_times ADD CONSTRAINT occupancy_resource_same_business
    FOREIGN KEY (business_id, resource_id) REFERENCES resources (business_id, id);
CREATE POLICY public_reads ON busy_times FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM businesses b WHERE b.id = busy_times.business_id));
CREATE POLICY worker_reads ON busy_times FOR SELECT TO rhivo_worker USING (true);
GRANT SELECT ON busy_times TO rhivo_app;
