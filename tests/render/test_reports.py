"""What an answer came from and what a reindex found, as lines."""

import pytest

from wherein.ingest.progress.reindex_report import RankChange, ReindexReport
from wherein.render.reports import format_provenance, reindex_lines
from wherein.search.provenance import Provenance


@pytest.mark.parametrize(
    ("provenance", "line"),
    [
        (
            Provenance("m", "f00d", "w8a8", 3, 1_200, 4, 0),
            "answered from: model m f00d, w8a8; vectors of generation 3 and 1,200 newer ones;"
            " keywords of generation 4 and 0 newer passages",
        ),
        (
            Provenance("", "", "", None, 0, None, 7),
            "answered from: keywords of generation none and 7 newer passages",
        ),
        (
            Provenance("m\x1b", "f00d", "w8a8", None, 5, None, 0),
            "answered from: model m\ufffd f00d, w8a8; vectors of generation none and 5 newer ones",
        ),
    ],
)
def test_what_an_answer_came_from(provenance: Provenance, line: str) -> None:
    assert format_provenance(provenance) == line


def test_the_findings_of_a_reindex() -> None:
    moved = (RankChange("who\x1b?", "file:///d/a.txt", 0, 2), RankChange("when?", "stdin:memo", 1, 3))
    report = ReindexReport("stopped", "time is up", 9.0, (), 0.99, 41.666, moved, {})
    assert reindex_lines(report) == [
        "checked: recall@10 0.990 against exact search",
        "golden questions: mean reciprocal rank 41.7 %",
        "  who\ufffd?: rank none, now 2 (/d/a.txt)",
        "  when?: rank 1, now 3 (stdin:memo)",
        "stopped: time is up",
    ]
    assert reindex_lines(ReindexReport("failed", "no space", 9.0, (), None, None, (), {})) == []
