-- Where a business's events are sent. Its owner manages them; the secret never enters the history.
-- @tenant_table history=webhook secret=secret edited_by=owner

CREATE POLICY its_owner_manages ON webhook_endpoints TO rhivo_app
    USING (business_id = (SELECT owned_business_id())) WITH CHECK (business_id = (SELECT owned_business_id()));
CREATE POLICY worker_reads ON webhook_endpoints FOR SELECT TO rhivo_worker USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoints TO rhivo_app;
