-- Names of permissions: the back office asks for them, nobody is given any.

GRANT SELECT ON auth_permission TO rhivo_app;
