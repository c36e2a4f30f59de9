-- Which migrations have run: a web process that is behind them is not ready.

GRANT SELECT ON django_migrations TO rhivo_app;
