"""What is derived from the catalogue to be searched: generations of vectors and of keywords."""
