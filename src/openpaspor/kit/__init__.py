"""Tiny tools every room may use: refusals, the clock, fault points, references, paper."""
