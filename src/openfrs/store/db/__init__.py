"""Database back ends, schema and migrations."""
