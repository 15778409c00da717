"""Face sets as files: Parquet, sealed if wanted, signed."""
