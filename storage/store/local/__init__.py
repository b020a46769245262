"""A store in a folder: the library's catalog, and the generations that are derived from it."""
