DROP FUNCTION bookings_of_customer(uuid, uuid, text, text, tstzrange, uuid);
DROP FUNCTION appointment_of_key(uuid, text);
DROP FUNCTION hold_of_key(uuid, text);
DROP TRIGGER live_holds_are_limited ON reservations;
DROP FUNCTION live_holds_are_limited();
