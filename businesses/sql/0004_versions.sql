-- Two editors of the catalogue never overwrite each other: each update passes the version it read.

CREATE TRIGGER version_is_current BEFORE UPDATE ON businesses FOR EACH ROW EXECUTE FUNCTION bump_version();
CREATE TRIGGER version_is_current BEFORE UPDATE ON services FOR EACH ROW EXECUTE FUNCTION bump_version();
CREATE TRIGGER version_is_current BEFORE UPDATE ON staff FOR EACH ROW EXECUTE FUNCTION bump_version();
