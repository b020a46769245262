"""What a library holds, and what is left to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from wherein.errors import Damaged
from wherein.storage.catalog.reindex_runs import NightRecord

__all__ = ["Status", "decode_report"]


@dataclass(frozen=True)
class Status:
    """What a library holds, and what is left to do.

    `delta` counts vectors that are not in the generation yet, `orphans` those without a passage, `stale` files that are
    gone or look changed since they were read. `bytes` is the size of all files, `parts` of each part. `night` is the
    last reindex: `began_at`, `ended_at` (UTC), `outcome` and its report.
    `index` tells how the generation is searched, `recall` which part of the ten nearest vectors it found on trial.
    """

    library: str
    documents: int
    chunks: int
    vectors: int
    delta: int
    generation: int | None
    model: str
    precision: str
    fingerprint: str
    problems: int
    sources: int
    bytes: int
    sqlite: str
    purge_unfinished: bool
    orphans: int
    stale: int
    golden: int
    parts: Mapping[str, int]
    night: Mapping[str, object] | None
    index: str
    recall: float


def decode_report(night: NightRecord | None) -> Mapping[str, object] | None:
    """Return the last reindex as `Status` shows it. Raises Damaged when its report cannot be read."""
    if night is None:
        return None
    try:
        report = json.loads(night.report)
    except ValueError as error:
        raise Damaged("The report of the last reindex is damaged; run: wherein verify") from error
    return {"began_at": night.began_at, "ended_at": night.ended_at, "outcome": night.outcome, "report": report}
