"""What the tests need around them; nothing here is imported by the application."""
