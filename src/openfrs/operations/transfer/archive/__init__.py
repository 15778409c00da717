"""Face sets as files: Parquet, optionally encrypted, signed."""
