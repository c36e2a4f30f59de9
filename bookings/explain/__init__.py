"""Why a time is free or not, now or at an earlier instant."""
