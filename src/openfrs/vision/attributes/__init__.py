"""Attributes of a face: demographics, expression, pose, quality and accessories."""
