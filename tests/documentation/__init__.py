"""The pages are true, whole, and build."""
