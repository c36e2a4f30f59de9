"""Pages of the back office that need several apps."""
