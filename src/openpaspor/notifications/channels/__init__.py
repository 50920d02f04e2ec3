"""Ways to a phone. A sender takes one message; a code sender takes a number and a code. Chosen in settings."""
