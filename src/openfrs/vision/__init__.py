"""From pixels to faces and embeddings: model weights, their runtime, and plain functions over arrays.

Pictures here are ``uint8`` arrays of shape (height, width, 3) in RGB; coordinates are pixels with the origin at the top left.
"""
