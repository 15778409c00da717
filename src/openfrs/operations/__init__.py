"""Bulk work on data: transfer and maintenance."""
