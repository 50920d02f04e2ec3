"""Messages to applicants."""
