ALTER TABLE availability DROP CONSTRAINT exception_windows_apart;
ALTER TABLE availability DROP CONSTRAINT weekly_windows_apart;
