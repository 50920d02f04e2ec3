"""What each role serves and follows, as plain data: one file per role."""
