"""What must be true, reckoned apart from the code under test."""
