"""What an answer came from and what a reindex found, as lines."""

from typing import TYPE_CHECKING

from wherein.terminal import printable
from wherein.uri import display_uri

if TYPE_CHECKING:
    from wherein.ingest.progress.reindex_report import ReindexReport
    from wherein.search.provenance import Provenance

__all__ = ["format_provenance", "reindex_lines"]


def format_provenance(provenance: "Provenance") -> str:
    """Return in one line the model and the generations that an answer came from."""
    parts = []
    if provenance.model:
        parts.append(f"model {provenance.model} {provenance.fingerprint}, {provenance.precision}")
        generation = provenance.generation or "none"
        parts.append(f"vectors of generation {generation} and {provenance.delta:,} newer ones")
    if provenance.keywords_generation or provenance.keywords_delta:
        generation = provenance.keywords_generation or "none"
        parts.append(f"keywords of generation {generation} and {provenance.keywords_delta:,} newer passages")
    return printable(f"answered from: {'; '.join(parts)}")


def reindex_lines(report: "ReindexReport") -> list[str]:
    """Return the findings of a reindex as lines: the check, the golden questions, why it ended early."""
    lines = []
    if report.recall is not None:
        lines.append(f"checked: recall@10 {report.recall:.3f} against exact search")
    if report.golden is not None:
        lines.append(f"golden questions: mean reciprocal rank {report.golden:.1f} %")
    for change in report.moved:
        ranks = f"rank {change.before or 'none'}, now {change.after or 'none'}"
        lines.append(printable(f"  {change.question}: {ranks} ({display_uri(change.uri)})"))
    if report.outcome == "stopped":
        lines.append(f"stopped: {report.reason}")
    return lines
