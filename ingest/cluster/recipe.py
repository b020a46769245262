"""How an actor makes its encoder, on a machine that may be another than that of the run."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wherein.embed.encoder import Encoder
from wherein.embed.models.encoders import encoder_for_contexts
from wherein.embed.models.installed import find_by_fingerprint, models_folder
from wherein.errors import ModelMismatch

__all__ = ["EncoderRecipe", "InstalledModel"]


class EncoderRecipe(Protocol):
    """Makes an encoder; can be pickled."""

    def make(self, threads: int) -> Encoder:
        """Return an encoder that uses this many threads."""


@dataclass(frozen=True)
class InstalledModel:
    """The model that a library has: in `folder`, shipped or installed under its name on each machine.

    `cache` is the folder of compiled models on this machine; another one compiles into its own.
    """

    fingerprint: str
    precision: str
    name: str
    folder: Path
    cache: Path | None
    device: str

    @classmethod
    def of(cls, encoder: Encoder, cache: Path | None) -> InstalledModel:
        """Return that of an encoder."""
        model = encoder.model
        return cls(encoder.fingerprint, encoder.precision, model.name, model.folder, cache, encoder.device)

    def make(self, threads: int) -> Encoder:
        """Return an encoder of the model that is installed here. Raises ModelMismatch when it is another one."""
        folder = self.folder if (self.folder / "model.json").exists() else None
        model = find_by_fingerprint(self.fingerprint, self.precision, self.name, models_folder(), folder)
        encoder = encoder_for_contexts(model, self.precision, self.cache, threads, self.device)
        if encoder.fingerprint != self.fingerprint:
            raise ModelMismatch(
                f"The model {self.name} {self.fingerprint} is not installed on {socket.gethostname()}; install it there"
            )
        return encoder
