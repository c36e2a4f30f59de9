DROP TRIGGER version_is_current ON staff;
DROP TRIGGER version_is_current ON services;
DROP TRIGGER version_is_current ON businesses;
