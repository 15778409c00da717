"""Import from images and other systems, archives, backups, and the migration to PostgreSQL."""
