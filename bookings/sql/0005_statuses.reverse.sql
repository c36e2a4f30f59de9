DROP TRIGGER version_is_current ON appointments;
DROP TRIGGER status_moves_legally ON appointments;
DROP FUNCTION appointment_status_moves_legally();
