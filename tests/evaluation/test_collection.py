"""Reading SQuAD and BEIR files, and the errors about those that are not valid."""

import json
import re
from pathlib import Path

import pytest

from wherein.errors import UsageError
from wherein.evaluation.collection import Collection, lines, read_beir, read_squad

CORPUS = '{"_id": "d1", "title": "Cats", "text": "They sleep."}\n\n{"_id": "d2", "title": "", "text": " Bread. "}\n'
QUERIES = '{"_id": "q1", "text": "who sleeps?"}\n{"_id": "q2", "text": "what is baked?"}\n{"_id": "q3", "text": "?"}\n'


def beir(folder: Path, qrels: str, corpus: str = CORPUS, queries: str = QUERIES) -> Path:
    (folder / "qrels").mkdir(exist_ok=True)
    (folder / "corpus.jsonl").write_text(corpus, "utf-8")
    (folder / "queries.jsonl").write_text(queries, "utf-8")
    (folder / "qrels" / "test.tsv").write_text(qrels, "utf-8")
    return folder


@pytest.mark.parametrize(
    "qrels",
    [
        "query-id\tcorpus-id\tscore\nq2\td2\t2\nq1\td1\t1\nq1\td2\t0\n",
        "q2 0 d2 2\nq1 0 d1 1\nq1 0 d2 0\n",
        "q2\t 0 d2\t2\n\nq1\t 0 d1\t1\r\nq1\t 0 d2\t0",
    ],
    ids=["beir", "trec", "mixed"],
)
def test_a_beir_folder(tmp_path: Path, qrels: str) -> None:
    assert read_beir(beir(tmp_path, qrels)) == Collection(
        ids=["d1", "d2"],
        titles=["Cats", ""],
        texts=["They sleep.", " Bread. "],
        question_ids=["q2", "q1"],
        questions=["what is baked?", "who sleeps?"],
        relevant=[{"d2": 2}, {"d1": 1, "d2": 0}],
    )


def test_a_title_may_lack_and_a_grade_be_below_zero(tmp_path: Path) -> None:
    found = read_beir(beir(tmp_path, "q1 0 7 -1\n", '{"_id": 7, "text": "They sleep."}\n'))
    assert (found.titles, found.texts, found.relevant) == ([""], ["They sleep."], [{"7": -1}])


@pytest.mark.parametrize(
    ("part", "text", "words"),
    [
        ("corpus.jsonl", CORPUS + "{", "corpus.jsonl, line 4, is not a JSON object with _id and text"),
        ("corpus.jsonl", '["d1"]', "corpus.jsonl, line 1, is not"),
        ("corpus.jsonl", '{"_id": "d1"}', "corpus.jsonl, line 1, is not"),
        ("corpus.jsonl", CORPUS * 2, "corpus.jsonl, line 4, has the _id 'd1' of an earlier line"),
        ("corpus.jsonl", "\n", "corpus.jsonl is empty"),
        ("queries.jsonl", '{"text": "x"}', "queries.jsonl, line 1, is not"),
        ("qrels/test.tsv", "q1\td1\t1\nq1\td2\tmany\n", "line 2, is not a question, a document and a grade"),
        ("qrels/test.tsv", "query-id\tscore\n", "line 1, is not a question, a document and a grade"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq9\td1\t1\n", "line 2: there is no question 'q9'"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n", "test.tsv holds no judgements"),
        ("corpus.jsonl", None, "corpus.jsonl cannot be read: No such file"),
        ("qrels/test.tsv", None, "test.tsv cannot be read: No such file"),
    ],
)
def test_an_error_names_the_file_and_the_line(tmp_path: Path, part: str, text: str | None, words: str) -> None:
    beir(tmp_path, "q1\td1\t1\n")
    if text is None:
        (tmp_path / part).unlink()
    else:
        (tmp_path / part).write_text(text, "utf-8")
    with pytest.raises(UsageError, match=re.escape(words)):
        read_beir(tmp_path)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    beir(tmp_path, "q1\td1\t1\n")
    (tmp_path / "corpus.jsonl").write_bytes(b'{"_id": "\xe9"}')
    with pytest.raises(UsageError, match="is not UTF-8 text"):
        read_beir(tmp_path)


def test_squad_has_each_context_once(tmp_path: Path) -> None:
    def paragraph(context: str, *questions: str) -> dict[str, object]:
        return {"context": context, "qas": [{"question": question} for question in questions]}

    data = [
        {"title": "t", "paragraphs": [paragraph("Cats.", "a", "b"), paragraph("Bread.", "c")]},
        {"title": "u", "paragraphs": [paragraph("Cats.", "d")]},
    ]
    path = tmp_path / "squad.json"
    path.write_text(json.dumps({"data": data}), "utf-8")
    found = read_squad(path)
    assert (found.titles, found.texts, found.questions) == (["", ""], ["Cats.", "Bread."], ["a", "b", "c", "d"])
    assert found.relevant == [{"0": 1}, {"0": 1}, {"1": 1}, {"0": 1}]
    assert not set(found.ids) & set(found.question_ids)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ('{"data": [1]}', "paragraphs, context, qas or question is missing"),
        ('{"data": []}', "no questions"),
    ],
)
def test_another_file_than_squad_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "squad.json").write_text(text, "utf-8")
    with pytest.raises(UsageError, match=words):
        read_squad(tmp_path / "squad.json")


def test_lines_have_their_numbers_and_blank_ones_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes("a\r\n\n  \n é \nlast".encode())
    assert list(lines(path)) == [(1, "a"), (4, " é "), (5, "last")]
