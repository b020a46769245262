"""How many of the nearest vectors of a library its index finds."""

from contextlib import closing
from pathlib import Path

import numpy as np

from wherein.embed.encoder import Matrix
from wherein.library.opening import open_for_reading
from wherein.storage.catalog.connection import snapshot
from wherein.storage.catalog.models import bound_model
from wherein.storage.catalog.vectors import read_vectors
from wherein.storage.index.vector_index import load_index

__all__ = ["index_recall"]


def index_recall(folder: Path, questions: Matrix, k: int = 10) -> float:
    """Return recall@k, 0 to 1, for the vectors of questions `[n, width]`, against all vectors of the library."""
    with closing(open_for_reading(folder)) as db, snapshot(db):
        model = bound_model(db)
        assert model is not None
        index = load_index(db, folder, model, None)
        best = np.empty((len(questions), 0), np.float32)
        for _, vectors in read_vectors(db, model.id, model.dimension):
            best = -np.sort(-np.concatenate([best, questions @ vectors.T], axis=1), axis=1)[:, :k]
        found = [index.nearest(question, k)[1] for question in questions]
    return float(np.mean([(mine >= least - 1e-5).mean() for mine, least in zip(found, best[:, -1], strict=True)]))
