"""The exact index."""
