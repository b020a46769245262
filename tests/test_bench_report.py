"""The tables and pictures of `make bench`, from results that are known."""

import importlib.util
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import wherein

SCRIPT = Path(wherein.__file__).parent / "bench" / "report.py"
RUN = {"processor": "2 cores", "load": 0.4, "rounds": 2, "contexts": 300}


@pytest.fixture(scope="module")
def report() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_report", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rounds(*cpu: float) -> list[dict[str, float]]:
    return [{"seconds": 2 * one, "cpu": one, "megabytes": 1_000 * one, "bytes": 3_210.4} for one in cpu]


def test_ratios_are_those_of_each_round(report: ModuleType) -> None:
    found = {"wherein": rounds(1.0, 2.0), "chroma": rounds(3.0, 4.0)}
    assert report.page({"ingestion": {**RUN, "found": found}}).splitlines() == [
        "**Ingestion** of 300 paragraphs of SQuAD dev, from process start to durable on disk"
        " (2 cores, load 0 at the end; 2 rounds):",
        "",
        "| | seconds | CPU seconds | peak MB | bytes a passage | ratio to Wherein, CPU time |",
        "|---|---|---|---|---|---|",
        "| **Wherein** | 3.0 | 1.5 | 1,500 | 3,210 |  |",
        "| Chroma | 7.0 | 3.5 | 3,500 | 3,210 | 2.50 (2.00 to 3.00) |",
        "",
        "![CPU seconds to ingest the paragraphs](pictures/bench-ingestion.svg)",
        "",
        "![peak memory of the ingestion, MB](pictures/bench-memory.svg)",
        "",
        "![bytes on disk per passage](pictures/bench-bytes.svg)",
    ]


def test_a_run_that_failed_stands_in_the_table(report: ModuleType) -> None:
    found = {"wherein": {"killed": True, "again": 0.514, "missing": 0}, "txtai": {"killed": True, "failed": "no index"}}
    lines = report.page({"kill": {**RUN, "found": found}}).splitlines()
    assert lines[-2:] == ["| **Wherein** | 0.51 | 0 |", "| txtai | the second run failed | |"]


def test_only_the_section_between_the_marks_is_replaced(report: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    page = tmp_path / "benchmarks.md"
    page.write_text(f"# Before\n\n{report.BEGIN}\n\nold\n\n{report.END}\n\n# After\n")
    report.write("new", {"cold": {**RUN, "found": {"wherein": rounds(0.5), "lancedb": rounds(40.0)}}}, tmp_path)
    assert page.read_text() == f"# Before\n\n{report.BEGIN}\n\nnew\n\n{report.END}\n\n# After\n"
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["bench-cold.svg"]
    drawn = ET.fromstring((tmp_path / "pictures" / "bench-cold.svg").read_text())
    words = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert words == ["seconds for a question from a cold shell", "Wherein", "1", "LanceDB", "80.0"]
    widths = [element.get("width") for element in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    assert widths == ["4.1", "330.0"]


@pytest.mark.parametrize("task", ["ingestion", "full", "again", "update", "cold", "warm", "kill", "quality", "vectors"])
def test_every_task_has_a_section(report: ModuleType, task: str) -> None:
    found: dict[str, Any] = {"wherein": [{**one, "p50": 1.0, "p95": 2.0} for one in rounds(1.0)]}
    if task == "kill":
        found = {"wherein": {"killed": True, "again": 1.0, "missing": 0}}
    elif task == "quality":
        found = {"wherein": {"top1": 0.85, "top5": 0.97, "ndcg10": 0.7375}}
    elif task == "vectors":
        found = {"100,000": {"wherein": {"seconds": 3, "bytes": 1e7, "megabytes": 200, "p50": 1.2, "recall": 0.99}}}
    lines = report.page({task: {**RUN, "found": found}}).splitlines()
    assert any(line.startswith(("| **Wherein** |", "| 100,000 |")) for line in lines)
    assert task in report.TASKS
