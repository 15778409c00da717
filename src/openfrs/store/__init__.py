"""Durable truth in SQL, and the exact in-memory index derived from it."""
