"""Which documents are shown as code, in a font of one width: those whose meaning is in their lines and indentation."""

from __future__ import annotations

from pathlib import PurePosixPath

from wherein.library import StoredDocument
from wherein.uri import display_uri

__all__ = ["is_code"]

_TYPES = frozenset(
    (
        "application/json", "application/jsonl", "application/xml", "text/csv", "text/x-java-properties", "text/x-tex",
    )
)  # fmt: skip
_PLAIN = "text/plain"
# Of plain text; without one of these it is taken to be prose.
_SUFFIXES = frozenset(
    (
        ".asm", ".awk", ".bash", ".bat", ".bib", ".c", ".cc", ".cfg", ".clj", ".cmake", ".cmd", ".conf",
        ".cpp", ".cs", ".css", ".csh", ".cxx", ".d", ".dart", ".diff", ".el", ".elm", ".erl", ".ex", ".exs",
        ".f", ".f90", ".fish", ".for", ".fs", ".go", ".gradle", ".graphql", ".groovy", ".h", ".hh", ".hpp",
        ".hs", ".hxx", ".ini", ".java", ".jl", ".js", ".jsx", ".kt", ".kts", ".less", ".lisp", ".log", ".lua",
        ".m", ".mjs", ".mk", ".ml", ".mli", ".mm", ".nim", ".nix", ".pas", ".patch", ".php", ".pl", ".pm",
        ".proto", ".ps1", ".py", ".pyi", ".pyx", ".r", ".rb", ".rs", ".s", ".sass", ".scala", ".scm", ".scss",
        ".service", ".sh", ".sql", ".sv", ".swift", ".tcl", ".tf", ".toml", ".ts", ".tsx", ".v", ".vb",
        ".vhd", ".vim", ".vue", ".yaml", ".yml", ".zig", ".zsh",
    )
)  # fmt: skip
_NAMES = frozenset(("cmakelists.txt", "dockerfile", "gemfile", "jenkinsfile", "makefile", "rakefile", "vagrantfile"))
_INTERPRETER = "#!"


def is_code(document: StoredDocument, text: str) -> bool:
    """Whether a document with this text is code, configuration, a log or data."""
    if document.media_type != _PLAIN:
        return document.media_type in _TYPES
    name = PurePosixPath(display_uri(document.uri).lower())
    return name.suffix in _SUFFIXES or name.name in _NAMES or text.startswith(_INTERPRETER)
