"""The indexes that are derived from the catalog: generations of vectors and of keywords."""
