"""The three modes: no question fails, hits have both scores, and k are found when there are k."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toy import ToyEncoder
from wherein.errors import Damaged, UsageError
from wherein.library import Library
from wherein.search.modes import MODES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of 40 documents with a generation of 30, a delta of 10 less 1, and 2 removed from the generation."""
    root = tmp_path_factory.mktemp("hybrid")
    docs = root / "docs"
    docs.mkdir()
    library = Library(root / "library", encoder=ToyEncoder())
    for n in range(30):
        (docs / f"{n}.txt").write_text(f"The red box {n} holds {n * n} marbles. Error E-{1000 + n} in foo_bar{n}().")
    library.ingest([str(docs)])
    for n in range(30, 40):
        (docs / f"{n}.txt").write_text(f"Tenant {n} may sign the lease. 東京の天気は{n}度です。")
    library.ingest([str(docs)])
    library.remove_documents([str(docs / f"{n}.txt") for n in (4, 5, 35)])
    return root / "library"


@pytest.fixture
def library(folder: Path) -> Library:
    return Library(folder, encoder=ToyEncoder())


def names(library: Library, question: str, k: int = 5, mode: str = "hybrid") -> list[str]:
    return [hit.uri.rpartition("/")[2] for hit in library.query(question, k, mode=mode).hits]


@pytest.mark.parametrize("question", ["the of a", "😀", "天気", "?!", "\0", "-", '"', "-the", "नमस्ते", "e\u0301" * 50])
@pytest.mark.parametrize("mode", MODES)
def test_no_question_fails(library: Library, question: str, mode: str) -> None:
    hits = library.query(question, 3, mode=mode).hits
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    if mode != "keyword" and question != "-the":
        assert len(hits) == 3


def test_without_a_word_that_occurs_the_answer_is_that_by_meaning(library: Library) -> None:
    assert names(library, "unheard 😀 words", 10) == names(library, "unheard 😀 words", 10, "semantic")


def test_the_passage_that_is_named_comes_first(library: Library) -> None:
    asked = {"E-1017": "17.txt", "foo_bar9": "9.txt", "foo_bar9()": "9.txt", "tenant 33": "33.txt"}
    for question, name in asked.items():
        assert names(library, question, 1) == names(library, question, 1, "keyword") == [name]
    hit = library.query("where is E-1017?", 1).hits[0]
    assert (hit.keyword_rank, hit.matched) == (1, ("E-1017",))
    assert hit.dense_score is not None
    assert hit.keyword_score > 0


@pytest.mark.parametrize("k", [1, 36, 37, 38, 200])
def test_k_passages_are_found_or_as_many_as_there_are(library: Library, k: int) -> None:
    assert len(names(library, "red box", k)) == min(k, 37)
    assert len(names(library, "red box", k, "keyword")) == min(k, 28)
    assert len(names(library, "sign -lease", k)) == min(k, 28)
    assert len(names(library, '"the lease" -who', k)) == min(k, 9)
    assert len(names(library, '"the lease" who', k)) == min(k, 37)
    assert len(names(library, '"lease the"', k)) == 0


def test_operators_exclude_and_require(library: Library) -> None:
    assert "17.txt" not in names(library, "red box -E-1017", 40)
    assert names(library, '-"box 7" "7"', 40) == []
    assert "7.txt" not in names(library, 'red -"box 7" "7"', 40)
    assert names(library, 'where is "box 17 holds"?', 1) == ["17.txt"]
    assert names(library, '"box 7 holds"') == ["7.txt"]


def test_a_hit_has_the_scores_of_both_rankings(library: Library) -> None:
    by_meaning = {hit.chunk: hit.score for hit in library.query("red box 7 marbles", 50, mode="semantic").hits}
    by_words = {hit.chunk: hit.score for hit in library.query("red box 7 marbles", 50, mode="keyword").hits}
    for hit in library.query("red box 7 marbles", 50).hits:
        assert hit.dense_score == pytest.approx(by_meaning[hit.chunk], abs=1e-5)
        assert hit.keyword_score == pytest.approx(by_words.get(hit.chunk, 0.0), abs=1e-4)


def test_keyword_search_needs_no_model(folder: Path) -> None:
    class Silent(ToyEncoder):
        def encode_question(self, text: str) -> object:
            raise AssertionError("the model was asked")

    assert names(Library(folder, encoder=Silent()), "foo_bar9", 1, "keyword") == ["9.txt"]


def test_an_unknown_mode_and_a_long_question(library: Library) -> None:
    with pytest.raises(UsageError, match="hybrid, semantic, keyword"):
        library.query("anything", mode="fuzzy")
    answer = library.query("lease " + " ".join(f"word{n}" for n in range(5_000)), 1)
    assert "only the first" in answer.notes[0]
    assert library.query("lease", 1).notes == ()


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from('"“”-*():^~ \0aeE1')), max_size=40))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_question_is_answered(library: Library, text: str) -> None:
    question = text.encode("utf-8", "replace").decode()
    if question.strip():
        for mode in MODES:
            assert len(library.query(question, 4, mode=mode).hits) <= 4


def test_wrong_counts_in_the_index_are_an_error(folder: Path, tmp_path: Path) -> None:
    import shutil

    copy = Path(shutil.copytree(folder, tmp_path / "library"))
    (path,) = (copy / "generations").glob("*.keywords")
    raw = bytearray(path.read_bytes())
    raw[960:1020] = bytes(255 - byte for byte in raw[960:1020])  # the words that most passages have
    path.write_bytes(raw)
    library = Library(copy, encoder=ToyEncoder())
    with pytest.raises(Damaged, match="repair"):
        library.query("red box 7 holds 49 marbles error E-1007 in foo_bar7", 40)
    assert library.verify().damaged
