"""The name of a model input: that of a text alone, or of a title and a text."""

import hashlib

import pytest
from sqlite_utils import Database

from wherein.errors import Damaged
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, save_document
from wherein.storage.catalog.titled_texts import TitledText, checked_input, chunk_text, first_input, stored_input


def test_without_a_title_the_name_is_the_hash_of_the_text() -> None:
    assert TitledText("A text.").name == content_hash("A text.")


def test_with_a_title_the_name_is_the_hash_of_title_nul_and_text() -> None:
    expected = hashlib.blake2b("Käse\0A text.".encode(), digest_size=16).digest()
    assert TitledText("A text.", "Käse").name == expected


def test_inputs_that_would_be_alike_when_joined_have_different_names() -> None:
    inputs = [TitledText("b c", "a"), TitledText("c", "a b"), TitledText("a b c"), TitledText("a", "b c")]
    assert len({one.name for one in inputs}) == 4


@pytest.mark.parametrize("title", ["Title", "", "東京"])
def test_both_names_of_a_stored_passage_are_accepted(title: str) -> None:
    for embedded in (TitledText("A text."), TitledText("A text.", title)):
        assert stored_input(title, " A text.\n", embedded.name) == embedded
        assert checked_input("file:///a", title, " A text.\n", embedded.name) == embedded
        assert chunk_text("file:///a", title, " A text.\n", embedded.name) == " A text.\n"


@pytest.mark.parametrize("text", ["Another text.", b"A text.", None, "\udcff", ""])
@pytest.mark.parametrize("embedded", [TitledText("A text."), TitledText("A text.", "Title")])
def test_the_text_of_a_chunk_is_that_which_was_embedded(text: object, embedded: TitledText) -> None:
    assert stored_input("Title", text, embedded.name) is None
    with pytest.raises(Damaged, match=r"^A stored passage of file:///a is damaged; run: wherein verify$"):
        chunk_text("file:///a", "Title", text, embedded.name)


@pytest.mark.parametrize("title", ["", "title", "Title ", "\udcff"])
def test_a_text_with_another_title_is_not_what_was_embedded(title: str) -> None:
    with pytest.raises(Damaged):
        checked_input("file:///a", title, "A text.", TitledText("A text.", "Title").name)


def test_the_first_input_of_a_document(db: Database) -> None:
    name = TitledText("One.", "Title").name
    rows = [ChunkRow(0, 4, name, None, ()), ChunkRow(4, 9, content_hash("Two."), None, ())]
    with writing(db, "test"):
        save_document(db, DocumentRow("stdin:a", None, "Title", "text/plain", "One. Two.", {}, (), rows))
    assert first_input(db, "stdin:a") == (0, 4, name)
    assert first_input(db, "stdin:b") is None
