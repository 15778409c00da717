"""The FRS operations."""
