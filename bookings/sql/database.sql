-- Appointments are numbered once on an installation; `new_reference()` makes a reference of the number.

CREATE SEQUENCE appointment_numbers;
