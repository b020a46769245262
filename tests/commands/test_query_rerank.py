"""`wherein query --rerank`: the second order, who made it, and what is said when there is nobody to read again."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from toy_cross import write_cross_encoder
from toy_reader import write_reader
from treaty import ENDS, QUESTION, STARTS, write_docs

Command = Callable[..., subprocess.CompletedProcess[str]]
FIRST_ROME = {"rome": 5.0, "lisbon": -5.0}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def environment(environment: dict[str, str], models: Path) -> dict[str, str]:
    return {**environment, "WHEREIN_MODELS": str(models)}


@pytest.fixture
def library(wherein: Command, tmp_path: Path) -> None:
    assert wherein("ingest", str(write_docs(tmp_path / "docs"))).returncode == 0


def names(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [hit["uri"].rpartition("/")[2] for hit in json.loads(done.stdout)["hits"]]


@pytest.mark.usefixtures("library")
def test_a_reranker_orders_the_passages_and_the_answer_says_so(wherein: Command, tmp_path: Path) -> None:
    done = wherein("model", "add", str(write_cross_encoder(tmp_path / "cross", FIRST_ROME)))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "cross is installed: a reranker; use it with: wherein query --rerank QUESTION\n"
    again = wherein("model", "add", str(tmp_path / "cross"), "--json")
    assert json.loads(again.stdout)["kind"] == "reranker"

    plain = wherein("query", QUESTION, "--json")
    assert names(plain) == ["a.md", "b.txt"]
    assert "reranked" not in json.loads(plain.stdout)
    done = wherein("query", QUESTION, "--json", "--rerank", "--rerank-ms", "60000")
    assert names(done) == ["b.txt", "a.md"]
    found = json.loads(done.stdout)
    assert found["reranked"] == {"model": "cross", "passages": 2, "read": 2}
    assert found["notes"] == ["the best 2 passages were read again by cross, which decides their order"]
    assert [(hit["rank"], hit["rerank_score"]) for hit in found["hits"]] == [(1, 10.0), (2, -5.0)]
    assert all(hit["rerank_score"] is None for hit in json.loads(plain.stdout)["hits"])

    done = wherein("query", QUESTION, "--rerank", "--rerank-ms", "60000", "-n", "1")
    assert "town of Rome" in done.stdout
    assert done.stderr == "wherein: the best 2 passages were read again by cross, which decides their order\n"
    batch = tmp_path / "questions.txt"
    batch.write_text(f"{QUESTION}\n{QUESTION}\n")
    lines = wherein("query", "--batch", str(batch), "--rerank", "--rerank-ms", "60000", "-n", "1").stdout.splitlines()
    assert [json.loads(line)["hits"][0]["uri"].rpartition("/")[2] for line in lines] == ["b.txt", "b.txt"]


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("mode", ["hybrid", "semantic", "keyword"])
def test_an_answer_model_reads_again_where_there_is_no_reranker(wherein: Command, models: Path, mode: str) -> None:
    write_reader(models / "reader", STARTS, ENDS)
    found = json.loads(wherein("query", QUESTION, "--json", "--rerank", "--rerank-ms", "60000", "--mode", mode).stdout)
    assert found["reranked"] == {"model": "reader", "passages": 2, "read": 2}
    assert {hit["uri"].rpartition("/")[2]: hit["rerank_score"] for hit in found["hits"]} == {"a.md": 17, "b.txt": 13}


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("mode", ["hybrid", "keyword"])
def test_without_an_installed_model_the_shipped_answer_model_reads_again(wherein: Command, mode: str) -> None:
    done = wherein("query", QUESTION, "--json", "--rerank", "--rerank-ms", "60000", "--mode", mode)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["reranked"] == {"model": "wherein-minilm-reader-int8", "passages": 2, "read": 2}
