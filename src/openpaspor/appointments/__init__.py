"""Slots, pots, holds, bookings and visit passes."""
