"""Booking: understanding wishes, free times, and the interview that puts a request together. Pure functions."""
