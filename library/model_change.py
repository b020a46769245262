"""Moving a library to another model, back to the previous one, and dropping the previous one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.errors import WhereinError
from wherein.evaluation.golden import GoldenQuestions
from wherein.ingest.index_swap import Check, compare
from wherein.ingest.progress.events import Report
from wherein.ingest.reembed import Reembedding
from wherein.library.models import (
    LibraryModel,
    ModelChoice,
    check_device,
    cuts_differently,
    describe,
    folder_to_keep,
    library_model,
    proof_of,
)
from wherein.library.opening import EMPTY, open_for_writing, require_library
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.golden import list_golden
from wherein.storage.catalog.models import (
    add_model,
    bind_model,
    drop_earlier_model,
    earlier_model,
    remember_device,
    remember_model_folder,
)
from wherein.storage.cleanup.prune import prune
from wherein.storage.index.generations import Generation
from wherein.storage.index.rollback import has_earlier_generation
from wherein.storage.index.rollback import roll_back as roll_back_generation
from wherein.storage.repair.index_check import check_index

if TYPE_CHECKING:
    from sqlite_utils import Database

    from wherein.embed.encoder import Encoder
    from wherein.ingest.progress.reindex_report import ReindexRecorder

__all__ = ["ModelChange", "bind_empty_library", "drop_previous_model", "roll_back"]


class ModelChange:
    """One move of a library from the model `old` to that of `encoder`, beside which the old one keeps answering.

    `tally` counts passages. When `stop` returns True the embedding ends, and the next change resumes it.
    """

    def __init__(
        self,
        db: Database,
        folder: Path,
        old: LibraryModel,
        encoder: Encoder,
        *,
        report: Report = lambda _: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._db = db
        self._folder = folder
        self._old = old
        self._encoder = encoder
        with writing(db, "reembed.begin"):
            new = add_model(db, **describe(encoder))
            remember_device(db, new, encoder.device)
        check_device(db, new, encoder)
        self._embedding = Reembedding(db, new, encoder, cuts_differently(old, encoder), report, stop)
        self.tally = self._embedding.tally

    def embed(self, *, look_ahead: bool = False) -> bool:
        """Embed every passage with the new model; return whether that was finished."""
        if look_ahead:
            self._embedding.look_ahead()
        self._embedding.embed()
        return not self._embedding.stopped

    def switch(self, model_folder: str) -> None:
        """Let the new model answer, without any check."""
        self._embedding.switch(self._folder, model_folder)

    def switch_if_fit(self, old_encoder: Encoder | None, margin: float, recorder: ReindexRecorder) -> None:
        """Let the new model answer if its index is sound and it answers the golden questions no worse; else Refused.

        Without `old_encoder` the golden questions cannot be asked of the old model, and are not compared.
        """
        rows, new = list_golden(self._db), self._embedding.model
        before = self._golden_ranks(old_encoder) if old_encoder else {}
        golden = GoldenQuestions(rows, self._encoder)
        ranks = partial(golden.ranks, self._db, self._folder, new)
        check = Check(proof_of(self._encoder), ranks, golden.texts, margin)

        def require_fit(generation: Generation) -> None:
            recorder.index_check = check_index(self._db, self._folder, new, generation, check.proof)
            compare(before, check.ranks(), check)

        self._embedding.switch(self._folder, folder_to_keep(self._encoder), require_fit)
        recorder.ask(rows, check.ranks())

    def _golden_ranks(self, encoder: Encoder) -> dict[int, int]:
        golden = GoldenQuestions(list_golden(self._db), encoder)
        return golden.ranks(self._db, self._folder, self._old.stored)


def bind_empty_library(db: Database, encoder: Encoder) -> None:
    """Bind a library that has no model yet to that of `encoder`."""
    with writing(db, "model.bind"):
        remember_device(db, bind_model(db, **describe(encoder)), encoder.device)
        remember_model_folder(db, folder_to_keep(encoder))


def roll_back(folder: Path, models: ModelChoice, *, report: Report = lambda _: None, wait: bool = False) -> str:
    """Return to the previous index, else to the previous model; return a sentence that says what answers now.

    Raises WhereinError when there is nothing to return to.
    """
    require_library(folder)
    with open_for_writing(folder, wait) as db:
        library, earlier = library_model(db), earlier_model(db)
        if library is None:
            raise WhereinError(EMPTY)
        if earlier is None or has_earlier_generation(db, library.stored):
            generation = roll_back_generation(db, folder, library.stored)
            return f"the index {generation.file} of {generation.created_at} answers again"
        model, model_folder = earlier
        encoder = models.stored_encoder(LibraryModel(model, Path(model_folder) if model_folder else None))
        change = ModelChange(db, folder, library, encoder, report=report)
        change.embed()  # only what is new since: the earlier model's vectors were kept (docs/decisions/reembed.md)
        change.switch(model_folder)
        return f"the model {model.name} at {model.precision} answers again"


def drop_previous_model(folder: Path, *, wait: bool = False) -> int:
    """Delete the vectors of the model that the library had before its present one; return how many.

    Raises WhereinError when there is no such model.
    """
    require_library(folder)
    with open_for_writing(folder, wait) as db:
        earlier = earlier_model(db)
        if earlier is None:
            raise WhereinError("There is no earlier model whose vectors are kept")
        with writing(db, "earlier-model.drop"):
            deleted = drop_earlier_model(db, earlier[0])
        prune(db, folder)
    return deleted
