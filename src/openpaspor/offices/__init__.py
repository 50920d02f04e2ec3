"""Offices, their calendars, holidays, fees and policy knobs."""
