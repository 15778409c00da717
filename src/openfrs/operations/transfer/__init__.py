"""Bringing faces into a data directory from pictures and other systems, and taking them out again."""
