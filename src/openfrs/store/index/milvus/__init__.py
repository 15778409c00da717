"""The index on a Milvus server."""
