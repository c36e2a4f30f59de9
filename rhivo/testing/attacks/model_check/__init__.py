"""Random steps, compared with the oracle after each."""
