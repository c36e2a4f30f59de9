-- Django's admin writes its log; Rhivo's own history is `audit_logs`.

GRANT SELECT, INSERT ON django_admin_log TO rhivo_app;
GRANT USAGE ON SEQUENCE django_admin_log_id_seq TO rhivo_app;
