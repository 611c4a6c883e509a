"""Kills parts of a real installation in the middle of bookings and counts what is lost, doubled or begun anew."""
