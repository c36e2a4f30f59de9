-- Django's own tables hold no tenant data and have no row security; the web role gets what Django needs and no more.

GRANT SELECT, INSERT, UPDATE, DELETE ON django_session TO rhivo_app;
