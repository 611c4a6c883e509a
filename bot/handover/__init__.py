"""Hand-over of bookings to the clinic's own systems: adapters, and the worker that keeps trying."""
