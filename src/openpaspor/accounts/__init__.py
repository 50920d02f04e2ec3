"""People who sign in, their roles and postings, and who looked at what."""
