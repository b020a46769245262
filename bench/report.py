"""The results of bench/run.py as tables and pictures."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

TASKS = ("ingestion", "full", "again", "update", "cold", "warm", "kill", "quality", "vectors")
BEGIN, END = "<!-- written by bench/run.py: begin -->", "<!-- written by bench/run.py: end -->"
NAMES = {
    "wherein": "**Wherein**",
    "openvino": "OpenVINO + FAISS by hand",
    "onnxruntime": "ONNX Runtime + FAISS by hand",
    "fastembed": "fastembed + FAISS by hand",
    "sentence-transformers": "sentence-transformers + FAISS by hand",
    "txtai": "txtai",
    "chroma": "Chroma",
    "lancedb": "LanceDB",
    "card": "as the model card's demo",
    "faiss-hnsw": "FAISS, HNSW by hand",
}
Rows = Mapping[str, Sequence[Mapping[str, float]]]


def page(results: Mapping[str, Any]) -> str:
    """Return the section of docs/benchmarks.md."""
    return "\n\n".join("\n\n".join(_section(task, results[task])) for task in TASKS if task in results)


def _section(task: str, result: Mapping[str, Any]) -> Iterator[str]:
    yield _SECTIONS[task](result)
    yield from (f"![{title}](pictures/bench-{name}.svg)" for name, of, _, title in PICTURES if of == task)


def write(section: str, results: Mapping[str, Any], docs: Path) -> None:
    """Replace the section in docs/benchmarks.md, and draw its pictures."""
    whole = (docs / "benchmarks.md").read_text("utf-8")
    before, _, rest = whole.partition(BEGIN)
    (docs / "benchmarks.md").write_text(f"{before}{BEGIN}\n\n{section}\n\n{END}{rest.partition(END)[2]}", "utf-8")
    for name, task, column, title in PICTURES:
        if task in results:
            bars = {system: _median(rows, column) for system, rows in results[task]["found"].items()}
            (docs / "pictures" / f"bench-{name}.svg").write_text(bar_chart(title, bars), "utf-8")


PICTURES = (
    ("ingestion", "ingestion", "cpu", "CPU seconds to ingest the paragraphs"),
    ("memory", "ingestion", "megabytes", "peak memory of the ingestion, MB"),
    ("bytes", "ingestion", "bytes", "bytes on disk per passage"),
    ("cold", "cold", "seconds", "seconds for a question from a cold shell"),
    ("warm", "warm", "p50", "milliseconds for a warm question, p50"),
)


def bar_chart(title: str, bars: Mapping[str, float]) -> str:
    """Return an SVG of horizontal bars, which follows the reader's light or dark theme."""
    most, rows = max(bars.values()), []
    for number, (system, value) in enumerate(bars.items()):
        y, width = 46 + 26 * number, 330 * value / most
        name = escape(NAMES[system].strip("*"))
        kind = ' class="own"' if system == "wherein" else ""
        rows.append(
            f'<text x="262" y="{y + 13}" text-anchor="end">{name}</text><rect{kind} x="270" y="{y}" height="18"'
            f' width="{width:.1f}" rx="2"/><text x="{276 + width:.1f}" y="{y + 13}">{_short(value)}</text>'
        )
    height = 60 + 26 * len(bars)
    style = (
        "text{font:13px sans-serif;fill:#222}.title{font-weight:bold}rect{fill:#9aa5b1}.own{fill:#1769aa}"
        "@media(prefers-color-scheme:dark){text{fill:#ddd}rect{fill:#66717d}.own{fill:#4da3e0}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 680 {height}" role="img" aria-label="{escape(title)}">'
        f'<style>{style}</style><text class="title" x="10" y="24">{escape(title)}</text>{"".join(rows)}</svg>\n'
    )


def _ingestion(result: Mapping[str, Any], what: str = "paragraphs of SQuAD dev") -> str:
    count = result["contexts"] if what.startswith("para") else result["contexts"] // 3
    columns = {
        "seconds": ("seconds", "{:.1f}"), "CPU seconds": ("cpu", "{:.1f}"), "peak MB": ("megabytes", "{:,.0f}"),
        "bytes a passage": ("bytes", "{:,.0f}"),
    }  # fmt: skip
    return _table(f"**Ingestion** of {count:,} {what}, from process start to durable on disk", result, columns)


def _full(result: Mapping[str, Any]) -> str:
    return _ingestion(result, "texts of almost 384 tokens")


def _timed(title: str) -> Callable[[Mapping[str, Any]], str]:
    columns = {"seconds": ("seconds", "{:.2f}"), "CPU seconds": ("cpu", "{:.2f}")}
    return lambda result: _table(title.format(**result), result, columns)


def _warm(result: Mapping[str, Any]) -> str:
    title = "**A warm question**, one at a time: {contexts:,} passages, ten hits, in one process"
    return _table(title.format(**result), result, {"p50, ms": ("p50", "{:.1f}"), "p95, ms": ("p95", "{:.1f}")}, "p50")


def _table(
    title: str, result: Mapping[str, Any], columns: Mapping[str, tuple[str, str]], ratio: str = "cpu"
) -> str:  # fmt: skip
    rows: Rows = result["found"]
    lines = [_title(title, result), "", f"| | {' | '.join(columns)} | ratio to Wherein, {_RATIOS[ratio]} |"]
    lines.append("|---" * (len(columns) + 2) + "|")
    for system, found in rows.items():
        cells = [form.format(_median(found, column)) for column, form in columns.values()]
        cells.append("" if system == "wherein" else _ratio(found, rows.get("wherein", found), ratio))
        lines.append(f"| {NAMES[system]} | {' | '.join(cells)} |")
    return "\n".join(lines)


_RATIOS = {"cpu": "CPU time", "p50": "p50"}


def _kill(result: Mapping[str, Any]) -> str:
    title = "**SIGKILL** at half of an ingestion, and the same command once more"
    lines = [
        _title(title, result),
        "",
        "| | done again, share of a whole run's CPU time | records missing |",
        "|---|---|---|",
    ]
    for system, found in result["found"].items():
        if "failed" in found:
            lines.append(f"| {NAMES[system]} | the second run failed | |")
        else:
            lines.append(f"| {NAMES[system]} | {found['again']:.2f} | {found['missing']} |")
    return "\n".join(lines)


def _quality(result: Mapping[str, Any]) -> str:
    title = "**Quality**, each through its own ingestion and search: SQuAD dev; SciFact, 2,000 of its abstracts"
    lines = [_title(title, result), "", "| | SQuAD top-1 | top-5 | SciFact nDCG@10 |", "|---|---|---|---|"]
    for system, found in result["found"].items():
        cells = [f"{100 * found[name]:.1f}" if name in found else "" for name in ("top1", "top5", "ndcg10")]
        lines.append(f"| {NAMES[system]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _vectors(result: Mapping[str, Any]) -> str:
    title = (
        "**An index over vectors**: built until it is on disk, and searched at the least effort for a recall@10 of 0.99"
    )
    lines = [_title(title, result), "", "| vectors | | built in, s | bytes a vector | peak MB | p50, ms | recall@10 |"]
    lines.append("|---" * 7 + "|")
    for size, systems in result["found"].items():
        for system, one in systems.items():
            each = one["bytes"] / int(size.replace(",", ""))
            lines.append(
                f"| {size} | {NAMES[system]} | {one['seconds']:.0f} | {each:,.0f} | {one['megabytes']:,.0f} |"
                f" {one['p50']:.2f} | {one['recall']:.4f} |"
            )
    return "\n".join(lines)


def _title(title: str, result: Mapping[str, Any]) -> str:
    return f"{title} ({result['processor']}, load {result['load']:.0f} at the end; {result['rounds']} rounds):"


_SECTIONS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "ingestion": _ingestion,
    "full": _full,
    "again": _timed("**The same {contexts:,} records once more**"),
    "update": _timed("**Three of {contexts:,} records changed**; peers get only these"),
    "cold": _timed("**A question from a cold shell**, {contexts:,} passages"),
    "warm": _warm,
    "kill": _kill,
    "quality": _quality,
    "vectors": _vectors,
}


def _median(rows: Sequence[Mapping[str, float]], column: str) -> float:
    return statistics.median(row[column] for row in rows)


def _ratio(found: Sequence[Mapping[str, float]], own: Sequence[Mapping[str, float]], column: str) -> str:
    """Return the median of the rounds' ratios, and their range."""
    ratios = sorted(one[column] / mine[column] for one, mine in zip(found, own, strict=True))
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2g}" if value < 10 else f"{value:.1f}"
