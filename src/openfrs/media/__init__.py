"""Fetching and decoding of images and videos within limits."""
