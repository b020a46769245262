"""Questions over HTTP are answered as `wherein query --json` answers them, alone and together."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from conftest import Command
from served import Served, serving
from wherein.embed.encoder import Encoder
from wherein.library import Library
from wherein.server.settings import Settings

QUESTIONS = [
    "who may sign the lease?",
    "when do cats hunt?",
    '"bark at strangers"',
    "strangers -dogs",
    "nothing of this",
]


def ask(served: Served, question: str, **options: Any) -> Any:
    response = served.post("/v1/query", json={"question": question, **options})
    assert response.status_code == 200, response.text
    return response.json()


def test_a_note_names_what_each_surface_has(served: Served) -> None:
    (note,) = ask(served, "cats", **{"in": ["/nowhere"]})["notes"]
    assert note == "no document matches the path or pattern /nowhere; see: GET /v1/documents"
    page = served.get("/", params={"q": "cats", "in": "/nowhere"}).text
    assert "No document matches the path or pattern /nowhere; see: the menu Folder<" in page


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, []),
        ({"limit": 1, "explain": True}, ["-n", "1", "--explain"]),
        ({"mode": "keyword", "sentence": False}, ["--mode", "keyword", "--no-sentence"]),
        ({"mode": "semantic", "context": 1}, ["--mode", "semantic", "--context", "1"]),
        ({"in": ["*.txt", "*.md"], "fold": False}, ["--in", "*.txt", "--in", "*.md", "--no-fold"]),
        ({"type": ["html"], "since": "2020-01-01"}, ["--type", "html", "--since", "2020-01-01"]),
        ({"where": "title == 'Lease'"}, ["--where", "title == 'Lease'"]),
        ({"min_score": 0.1, "require_fresh": True}, ["--min-score", "0.1", "--require-fresh"]),
        ({"strict": True}, ["--strict"]),
    ],
    ids=str,
)
def test_an_answer_is_that_of_the_command(
    shipped: Served, wherein: Command, options: dict[str, Any], words: list[str]
) -> None:
    printed = wherein("query", "--json", *words, "--", 'who may "sign the lease"?')
    response = shipped.post("/v1/query", json={"question": 'who may "sign the lease"?', **options})
    if printed.returncode:  # no document of these has metadata
        assert (printed.returncode, response.status_code) == (2, 422)
        assert response.json()["message"] in printed.stderr
    else:
        assert {"schema": 1, **response.json()} == json.loads(printed.stdout)


@pytest.fixture
def shipped(open_library: Callable[[], Library], docs: Path) -> Any:
    with open_library() as library:
        library.ingest([docs])
        with serving(library) as served:
            yield served


def test_the_parts_that_were_not_asked_for_are_left_out(served: Served) -> None:
    always = {"question", "truncated", "mode", "notes", "corrections", "hits"}
    assert set(ask(served, "cats")) == always
    assert set(ask(served, "cats", explain=True)) == {*always, "basis"}


def test_the_shipped_model_marks_the_exact_answer(shipped: Served) -> None:
    answered = ask(shipped, "cats", answer=True)
    best = answered["answer"]
    assert best["text"] in answered["hits"][best["rank"] - 1]["text"]
    assert all(set(hit["answer"]) == {"text", "start", "end", "score"} for hit in answered["hits"])


def test_no_fresh_passage_is_a_conflict(served: Served, docs: Path) -> None:
    for path in docs.iterdir():
        path.write_text("Everything is different now.")
    response = served.post("/v1/query", json={"question": "cats", "require_fresh": True})
    assert (response.status_code, response.json()["code"]) == (409, "stale")
    assert response.json()["hint"] == "update with: POST /v1/reindex"


def test_questions_that_come_together_share_an_inference(
    open_library: Callable[[], Library], docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    infer = Encoder._infer
    gate = threading.Event()

    def noting(encoder: Encoder, rows: Any) -> Any:
        gate.wait(10)
        sizes.append(len(rows))
        return infer(encoder, rows)

    monkeypatch.setattr(Encoder, "_infer", noting)
    gate.set()
    with open_library() as library:
        library.ingest([docs])
        expected = [library.query(question, 5) for question in QUESTIONS]
        with serving(library, Settings(threads=16)) as served, ThreadPoolExecutor(15) as clients:
            gate.clear()
            sizes.clear()
            asked = [clients.submit(ask, served, question, sentence=False, fold=False) for question in QUESTIONS * 3]
            while served.service.runner.admitted < 15:
                pass
            gate.set()
            answers = [one.result() for one in asked]
    assert max(sizes) > 1
    for answer, wanted in zip(answers, expected * 3, strict=True):
        assert [(hit["chunk"], hit["score"]) for hit in answer["hits"]] == [
            (hit.chunk, hit.score) for hit in wanted.hits
        ]


def test_answers_come_from_one_committed_state_while_the_library_changes(served: Served, docs: Path) -> None:
    stop, failures = threading.Event(), list[str]()

    def keep_asking() -> None:
        while not stop.is_set():
            response = served.post(
                "/v1/query", json={"question": "birds", "mode": "keyword", "explain": True, "limit": 50}
            )
            hits = [hit for hit in response.json().get("hits", ()) if hit["matched"]]
            if response.status_code != 200 or len(hits) > 6:
                failures.append(response.text)

    threads = [threading.Thread(target=keep_asking) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for version in range(1, 7):
            (docs / f"bird{version}.txt").write_text(f"Birds of kind {version} sing tune number {version * 37}.")
            assert served.done(served.post("/v1/reindex", json={"index": "exact"})).state == "done"
            answer = ask(served, "birds", mode="keyword", fold=False, limit=50)
            assert len(answer["hits"]) == version
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []


@pytest.mark.workers
def test_a_question_with_the_shipped_model_and_an_upload_read_by_a_worker(shipped: Served) -> None:
    task = shipped.done(
        shipped.post("/v1/documents", params={"name": "b.html"}, content=b"<p>Penguins cannot fly.</p>")
    )
    assert task.state == "done"
    hit = ask(shipped, "which birds are unable to fly?")["hits"][0]
    assert (hit["uri"], hit["text"]) == ("stdin:b.html", "Penguins cannot fly.")
