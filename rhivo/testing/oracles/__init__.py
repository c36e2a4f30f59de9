"""What must be true, computed without the code under test."""
