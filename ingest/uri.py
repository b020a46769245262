"""The names of `wherein.uri` that readers, runs and the library import from here."""

from wherein.uri import display, file_path, file_uri, real_path, record_uri, stdin_uri, web_address

__all__ = ["display", "file_path", "file_uri", "real_path", "record_uri", "stdin_uri", "web_address"]
