"""Face sets, faces and templates."""
