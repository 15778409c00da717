"""Maintenance of a data directory or database."""
