"""What every request meets around the apps: the outermost middleware, limits, error pages, health."""
