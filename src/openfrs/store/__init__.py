"""The store: data in SQL, and the search index derived from it."""
