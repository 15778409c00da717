"""Model runtimes."""
