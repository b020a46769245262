"""What is derived from the catalog to be searched: generations of vectors and of keywords."""
