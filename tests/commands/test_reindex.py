"""`wherein reindex --model`."""

import json
import shutil
from pathlib import Path

from card import card_model_folder, small
from wherein.embed.model import load_model


def test_the_cards_architecture_from_a_folder(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from wherein.cli import main

    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "lease.txt").write_text("The lease may be signed by the owner of the house or by her attorney.")
    (docs / "cats.txt").write_text("A cat sleeps for twelve to sixteen hours a day.")
    model = card_model_folder(tmp_path / "card", small())

    def run(*arguments: str) -> str:
        found = CliRunner().invoke(main, ["--library", str(tmp_path / "library"), *arguments])
        assert found.exit_code == 0, found.output
        return found.stdout

    run("ingest", str(docs))
    run("reindex", "--model", str(model))
    answer = json.loads(run("query", "the lease", "--json"))
    distances = [hit["distance"] for hit in answer["hits"]]
    assert len(distances) == 2
    assert 0 < distances[0] < distances[1]
    assert f"distance {distances[0]:.2f}" in run("query", "the lease")
    shutil.rmtree(model)
    found = CliRunner().invoke(main, ["--library", str(tmp_path / "library"), "query", "the lease"])
    assert found.exit_code == 6
    assert f"wherein reindex --model {load_model().name}" in found.output
