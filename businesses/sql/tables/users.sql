-- Accounts, which belong to no business. A person reads their own, and people at work read those of their colleagues.
-- @tenant_table

CREATE POLICY oneself ON users FOR SELECT TO rhivo_app USING (id = (SELECT current_user_id()));
CREATE POLICY colleagues ON users FOR SELECT TO rhivo_app
    USING (EXISTS (SELECT FROM memberships m
                   WHERE m.user_id = users.id AND m.business_id = (SELECT working_business_id())));
CREATE POLICY oneself_changes ON users FOR UPDATE TO rhivo_app
    USING (id = (SELECT current_user_id())) WITH CHECK (id = (SELECT current_user_id()));
CREATE POLICY operator_reads ON users FOR SELECT TO rhivo_worker USING (true);
CREATE POLICY operator_adds ON users FOR INSERT TO rhivo_worker WITH CHECK (true);
GRANT SELECT ON users TO rhivo_app;
-- Neither `email`, by which an account is found, nor `is_active`: a person whom an operator disabled stays disabled.
GRANT UPDATE (name, phone, password, email_verified_at) ON users TO rhivo_app;
GRANT INSERT ON users TO rhivo_worker;
CREATE TRIGGER after_change AFTER UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION account_writes_history();
