"""A library as Parquet files, and libraries that are filled from them."""
