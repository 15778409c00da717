"""Presentation attack detection on a single image."""
