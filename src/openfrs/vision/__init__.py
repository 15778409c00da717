"""From pixels to faces and embeddings: model weights, their runtimes, and functions over arrays.

Images are ``uint8`` arrays of shape (height, width, 3) in RGB. Coordinates are in pixels from the top left corner.
"""
