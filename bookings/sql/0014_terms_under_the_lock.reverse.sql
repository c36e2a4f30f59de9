DROP TRIGGER has_its_service_locked ON appointments;
DROP TRIGGER locks_its_service ON appointments;
DROP TRIGGER locks_its_service ON reservations;
DROP FUNCTION lock_its_service();
