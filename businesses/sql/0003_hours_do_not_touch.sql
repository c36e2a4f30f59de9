-- The windows of one day neither overlap nor touch: the gap between two is a break, and there is one.

ALTER TABLE availability ADD CONSTRAINT weekly_windows_apart EXCLUDE USING gist (
    business_id WITH =,
    COALESCE(staff_id, '00000000-0000-0000-0000-000000000000') WITH =,
    weekday WITH =,
    int4range(opens, closes, '[]') WITH &&
) WHERE (weekday IS NOT NULL);

ALTER TABLE availability ADD CONSTRAINT exception_windows_apart EXCLUDE USING gist (
    business_id WITH =,
    COALESCE(staff_id, '00000000-0000-0000-0000-000000000000') WITH =,
    daterange(first_date, last_date, '[]') WITH &&,
    int4range(opens, closes, '[]') WITH &&
) WHERE (weekday IS NULL AND opens IS NOT NULL);
