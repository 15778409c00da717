"""Face sets, the faces in them, their typed custom fields, and search."""
