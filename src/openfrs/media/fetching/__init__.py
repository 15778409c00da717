"""Fetching files by URL."""
