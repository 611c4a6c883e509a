"""Booking: understanding a patient's wishes, free times, and the interview that puts a request together. Pure functions."""
