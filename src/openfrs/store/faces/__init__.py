"""Face sets, faces and templates in the database."""
