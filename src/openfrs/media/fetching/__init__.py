"""Fetching of files by URL."""
