"""Arrival, tickets, priority, counters, calling and the board."""
