"""What `wherein reindex` prints and leaves for `status` and `golden`; its rollback."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Command = Callable[..., subprocess.CompletedProcess[str]]


def test_stages_report_and_summary_are_printed_and_kept(wherein: Command, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "lease.txt").write_text("The lease may be signed by the owner or by her attorney.")
    assert wherein("ingest", "docs").returncode == 0
    assert wherein("golden", "add", "who may sign?", "docs/lease.txt").stdout.startswith("   1  who may sign?  ")
    (tmp_path / "docs" / "bread.txt").write_text("Knead the dough for ten minutes.")
    done = wherein("reindex", "--json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    lines = [line for line in lines if line["event"] in ("stage", "night", "summary")]
    assert [line["event"] for line in lines] == ["stage"] * 4 + ["night", "summary"]
    assert (lines[-2]["outcome"], lines[-2]["recall"], lines[-2]["golden"]) == ("done", 1.0, 100.0)
    assert lines[-1]["new"] == 1
    assert "(rank 1)" in wherein("golden", "list").stdout
    done = wherein("status")
    assert "last reindex     20" in done.stdout
    assert ": done (" in done.stdout
    assert json.loads(wherein("status", "--json").stdout)["night"]["outcome"] == "done"
    assert wherein("reindex", "--rollback").stdout.startswith("the index 000001.faiss of ")
    assert wherein("reindex", "--rollback", "--finish").returncode == 2
    assert wherein("reindex", "--until", "never").returncode == 2
    assert wherein("golden", "remove", "1").stdout.startswith("removed    1  who may sign?")
