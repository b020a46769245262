"""Which model a library is used with: the one that was chosen, else the one that it is bound to."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypedDict

from wherein.embed.devices import CPU
from wherein.embed.encoder import Encoder
from wherein.embed.metric import distances
from wherein.embed.model import DEFAULT_MODEL, TOKENIZER, Model, fingerprint
from wherein.embed.models.installed import find_by_fingerprint, find_model, models_folder
from wherein.embed.precision import resolve_precision
from wherein.embed.runtime import present_device
from wherein.errors import Damaged, ModelMismatch, UsageError, WhereinError
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import (
    StoredModel,
    bind_model,
    bound_model,
    model_folder,
    remember_device,
    remember_model_folder,
    stored_device,
)

if TYPE_CHECKING:
    from sqlite_utils import Database

    from wherein.storage.catalog.protocol import Catalog
    from wherein.storage.repair.deep_check import Proof

__all__ = [
    "LibraryModel",
    "ModelChoice",
    "check_device",
    "cuts_differently",
    "describe",
    "folder_to_keep",
    "library_model",
    "proof_of",
]

# How far a component may be from that of another run, as a part of the vector's length: w8a8 depends a little on what
# else is calculated.
_TOLERANCES = {"w8a8": 1e-2, "w8a32": 1e-4}

_DEVICE_SAMPLE = 8  # vectors that are compared with those of another device


@dataclass(frozen=True)
class LibraryModel:
    """The model that a library is bound to, and the folder that holds it: None for the shipped one.

    `device` is the one that the library's vectors were computed on.
    """

    stored: StoredModel
    folder: Path | None
    device: str = CPU

    @property
    def installed(self) -> Model:
        """The model that is installed here: another than the stored one where that is missing."""
        stored = self.stored
        return find_by_fingerprint(stored.fingerprint, stored.precision, stored.name, models_folder(), self.folder)


class _Description(TypedDict):
    fingerprint: str
    name: str
    version: str
    precision: str
    dimension: int


@dataclass(frozen=True)
class ModelChoice:
    """What the user chose of the model and how it runs; a value that was left out is the library's.

    `name` is that of an installed model, or a folder. `precision` is `auto`, `w8a8` or `w8a32`, `cache` the folder for
    compiled models, `threads` 0 for one per core. `device` is a name that `embed.devices.pick_device` understands. A
    given `encoder` takes the place of all models.

    Encoders are kept: to load a network takes as long as embedding fifty passages. Any number of threads may ask.
    """

    name: str | Path | None = None
    precision: str = "auto"
    cache: Path | None = None
    threads: int = 0
    encoder: Encoder | None = None
    device: str | None = None
    _encoders: dict[tuple[Path, str, str, bool], Encoder] = field(default_factory=dict, init=False, compare=False)
    _lock: Lock = field(default_factory=Lock, init=False, compare=False)

    def encoder_of(self, library: LibraryModel, *, one_by_one: bool = False, db: Catalog | None = None) -> Encoder:
        """Return the encoder of a library's model; the network is loaded when it is first used.

        Raises ModelMismatch when the chosen, or the installed, model or precision is another than the library's, or
        when it runs on another device, whose vectors differ from those in `db`; UsageError when that is not there.
        """
        stored = library.stored
        if self.precision not in ("auto", stored.precision):
            raise ModelMismatch(
                f"This library was made at precision {stored.precision} and cannot be used at {self.precision};"
                f" leave --precision out, or re-embed the library with: wherein --precision {self.precision} reindex"
                f" --model {stored.name}"
            )
        encoder = self.encoder or self._load(self.model_for(library), stored.precision, library, one_by_one=one_by_one)
        if encoder.fingerprint != stored.fingerprint:
            raise ModelMismatch(self._mismatch(stored, encoder))
        if db is not None:
            check_device(db, stored, encoder)
        return encoder

    def encoder_for_new_library(self) -> Encoder:
        """Return the encoder that a new library is bound to."""
        if self.encoder:
            return self.encoder
        # Late: a question embeds no contexts.
        from wherein.embed.models.encoders import encoder_for_new_library

        return encoder_for_new_library(self.name, self.precision, self.cache, self.threads, self.device)

    def bind(self, db: Database) -> tuple[Encoder, StoredModel]:
        """Return encoder and model of the library, after binding a new one to the chosen, or the shipped, model."""
        if bound_model(db) is None:
            encoder = self.encoder_for_new_library()
            with writing(db, "model.bind"):
                remember_device(db, bind_model(db, **describe(encoder)), encoder.device)
                if self.name is not None:
                    remember_model_folder(db, folder_to_keep(encoder))
        library = library_model(db)
        assert library is not None
        return self.encoder_of(library, db=db), library.stored

    def encoder_to_change_to(self, name: str | Path, library: LibraryModel | None) -> Encoder:
        """Return the encoder of the installed model `name` at the chosen precision, else at the library's."""
        if self.encoder and self.encoder.model.name == name:
            return self.encoder
        # `auto` is not resolved again: a copied library would change by itself (docs/decisions/reembed.md).
        kept = library.stored.precision if library and self.precision == "auto" else None
        return self._load(find_model(name), kept or resolve_precision(self.precision), library)

    def stored_encoder(self, library: LibraryModel) -> Encoder:
        """Return the encoder of a model that the library has vectors of, whatever model was chosen.

        Raises ModelMismatch when it is not installed.
        """
        stored = library.stored
        encoder = self.encoder or self._load(library.installed, stored.precision, library)
        if encoder.fingerprint != stored.fingerprint:
            raise ModelMismatch(
                f"The model {stored.name} {stored.fingerprint} is no longer installed; install it, or keep using the"
                " current one"
            )
        return encoder

    def installed_encoder(self, library: LibraryModel | None) -> Encoder | None:
        """Return the encoder of the library's model, None when that model is not installed."""
        with suppress(WhereinError):
            return self.stored_encoder(library) if library else None
        return None

    def model_for(self, library: LibraryModel | None) -> Model:
        """Return the model that was given or chosen, else the library's, else what is installed in its place."""
        if self.encoder:
            return self.encoder.model
        return find_model(self.name) if library is None or self.name is not None else library.installed

    def folder_of(self, library: LibraryModel | None) -> Path:
        """Return the folder of a model that cannot be loaded, to be named in a finding."""
        if self.encoder:
            return self.encoder.model.folder
        if self.name is None and library and library.folder:
            return library.folder
        installed = models_folder() / (str(self.name) if self.name else library.stored.name if library else "")
        return installed if (installed / "model.json").exists() else DEFAULT_MODEL

    def _load(
        self, model: Model, precision: str, library: LibraryModel | None = None, *, one_by_one: bool = False
    ) -> Encoder:
        device = self._device(library.device if library else CPU)
        kind = model.folder, fingerprint(model, precision), device, one_by_one
        with self._lock:
            if kind not in self._encoders:
                self._encoders[kind] = self._new_encoder(model, precision, device, one_by_one)
            return self._encoders[kind]

    def _new_encoder(self, model: Model, precision: str, device: str, one_by_one: bool) -> Encoder:
        if one_by_one:
            return Encoder(
                model, precision, cache=self.cache, threads=self.threads, one_by_one=one_by_one, device=device
            )
        from wherein.embed.models.encoders import encoder_for_contexts

        return encoder_for_contexts(model, precision, self.cache, self.threads, device)

    def _device(self, stored: str) -> str:
        """Return the chosen device, else the library's, else the CPU where that device is not there."""
        if self.device is not None:
            return present_device(self.device)
        try:
            return present_device(stored)
        except UsageError:
            return CPU

    def _mismatch(self, stored: StoredModel, encoder: Encoder) -> str:
        way = "leave --model out" if self.name is not None else "install that model again"
        return (
            f"This library was made with {stored.name} {stored.fingerprint}, but the model here is {encoder.model.name}"
            f" {encoder.fingerprint}; {way}, or switch models with: wherein reindex --model"
            f" {self.name or encoder.model.name}"
        )


def library_model(db: Catalog) -> LibraryModel | None:
    """Return the model that a library is bound to, None before the first ingest."""
    stored, folder = bound_model(db), model_folder(db)
    if stored is None:
        return None
    # The folder may have been moved: then any installed model with the same fingerprint will do.
    installed = Path(folder) if folder and (Path(folder) / "model.json").exists() else None
    return LibraryModel(stored, installed, stored_device(db, stored))


def check_device(db: Catalog, model: StoredModel, encoder: Encoder) -> None:
    """Raise ModelMismatch when `encoder` runs on another device than the vectors of `model` are from, and differs."""
    stored = stored_device(db, model)
    if encoder.device == stored:
        return
    from wherein.storage.repair.deep_check import check_sample

    if next(check_sample(db, model, proof_of(encoder), Counter(), _DEVICE_SAMPLE), None):
        raise ModelMismatch(
            f"The vectors of this library were computed on {stored}, and those of {encoder.device} differ too much from"
            f" them; use it with --device {stored}, or ingest into a new library"
        )


def cuts_differently(library: LibraryModel, encoder: Encoder) -> bool:
    """Whether `encoder` may cut a text into other chunks than the library's model, also if that is not installed."""
    stored = library.stored
    with suppress(Damaged):
        model = library.installed
        if fingerprint(model, stored.precision) == stored.fingerprint:
            return _limits(model) != _limits(encoder.model)
    return True


def _limits(model: Model) -> tuple[str, int, str]:
    return model.sha256[TOKENIZER], model.context_tokens, model.prompts.context


def proof_of(encoder: Encoder) -> Proof:
    """Return how stored vectors are compared with those that `encoder` computes."""
    # Late: a question compares no vectors with the model's.
    from wherein.ingest.title_vectors import encode_titled
    from wherein.storage.catalog.vectors import ROUNDING
    from wherein.storage.repair.deep_check import Proof

    return Proof(
        lambda inputs, stored: distances(encoder.model.metric, encode_titled(encoder, inputs), stored),
        _TOLERANCES[encoder.precision] + ROUNDING,
    )


def folder_to_keep(encoder: Encoder) -> str:
    """Return the folder of an encoder's model as the library stores it, "" for the shipped one."""
    folder = encoder.model.folder
    return "" if folder == DEFAULT_MODEL else str(folder.absolute())


def describe(encoder: Encoder) -> _Description:
    """Return an encoder's model as the table `models` stores it."""
    model = encoder.model
    return _Description(
        fingerprint=encoder.fingerprint,
        name=model.name,
        version=model.version,
        precision=encoder.precision,
        dimension=model.width,  # that of the stored vectors: for `l2` one more (docs/decisions/distance.md)
    )
