"""Mesoguide: a clinic's patient-education assistant for mesotherapy."""
