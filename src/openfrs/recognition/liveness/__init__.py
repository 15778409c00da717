"""Liveness: is a face in front of the camera that of a person, or of a picture of one."""
