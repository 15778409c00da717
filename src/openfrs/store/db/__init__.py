"""Databases, schema and migrations."""
