"""Looking for claims that outlive their request or task."""
