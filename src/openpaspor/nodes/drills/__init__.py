"""Drills: something is lost on purpose, in a folder of its own, and made whole by the commands an operator would use."""
