DROP TRIGGER writes_account_history ON users;
DROP FUNCTION account_writes_history();
DROP TRIGGER writes_history ON memberships;
DROP TRIGGER writes_history ON availability;
DROP TRIGGER writes_history ON service_staff;
DROP TRIGGER writes_history ON staff;
DROP TRIGGER writes_history ON services;
DROP TRIGGER writes_history ON categories;
DROP TRIGGER writes_history ON businesses;
