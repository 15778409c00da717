"""Error rates and other measures."""
