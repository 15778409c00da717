"""Attributes of a face."""
