-- A row of one tenant never points at a row of another: foreign keys carry business_id, since their checks ignore row security.

ALTER TABLE services ADD CONSTRAINT service_category_same_business
    FOREIGN KEY (business_id, category_id) REFERENCES categories (business_id, id) ON DELETE SET NULL (category_id);
ALTER TABLE service_staff ADD CONSTRAINT assignment_service_same_business
    FOREIGN KEY (business_id, service_id) REFERENCES services (business_id, id) ON DELETE CASCADE;
ALTER TABLE service_staff ADD CONSTRAINT assignment_staff_same_business
    FOREIGN KEY (business_id, staff_id) REFERENCES staff (business_id, id) ON DELETE CASCADE;
ALTER TABLE availability ADD CONSTRAINT availability_staff_same_business
    FOREIGN KEY (business_id, staff_id) REFERENCES staff (business_id, id) ON DELETE CASCADE;
ALTER TABLE memberships ADD CONSTRAINT membership_staff_same_business
    FOREIGN KEY (business_id, staff_id) REFERENCES staff (business_id, id) ON DELETE SET NULL (staff_id);
