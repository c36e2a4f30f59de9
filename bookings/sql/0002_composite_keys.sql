-- A hold or appointment of one tenant never points at a service, person or hold of another, and starts on the 5-minute grain.

ALTER TABLE reservations ADD CONSTRAINT reservation_service_same_business
    FOREIGN KEY (business_id, service_id) REFERENCES services (business_id, id);
ALTER TABLE reservations ADD CONSTRAINT reservation_staff_same_business
    FOREIGN KEY (business_id, staff_id) REFERENCES staff (business_id, id);
ALTER TABLE appointments ADD CONSTRAINT appointment_service_same_business
    FOREIGN KEY (business_id, service_id) REFERENCES services (business_id, id);
ALTER TABLE appointments ADD CONSTRAINT appointment_staff_same_business
    FOREIGN KEY (business_id, staff_id) REFERENCES staff (business_id, id);
ALTER TABLE appointments ADD CONSTRAINT appointment_hold_same_business
    FOREIGN KEY (business_id, reservation_id) REFERENCES reservations (business_id, id) ON DELETE SET NULL (reservation_id);

ALTER TABLE reservations ADD CONSTRAINT starts_on_the_grain
    CHECK (date_trunc('minute', starts_at AT TIME ZONE 'UTC') = starts_at AT TIME ZONE 'UTC'
           AND EXTRACT(minute FROM starts_at AT TIME ZONE 'UTC')::int % 5 = 0);
ALTER TABLE appointments ADD CONSTRAINT starts_on_the_grain
    CHECK (date_trunc('minute', starts_at AT TIME ZONE 'UTC') = starts_at AT TIME ZONE 'UTC'
           AND EXTRACT(minute FROM starts_at AT TIME ZONE 'UTC')::int % 5 = 0);
ALTER TABLE reservations ADD CONSTRAINT ends_after_it_starts CHECK (ends_at > starts_at);
ALTER TABLE appointments ADD CONSTRAINT ends_after_it_starts CHECK (ends_at > starts_at);
