"""Indexes of face sets for search: in memory, and on a Milvus server."""
