DROP TRIGGER writes_history ON appointments;
DROP FUNCTION appointment_writes_history();
