"""Messages in the back office, to look at: they are sent by the worker alone."""
