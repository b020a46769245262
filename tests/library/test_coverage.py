"""What the model knows of a text."""

from pathlib import Path

from wherein.library import Library
from wherein.storage.catalog.coverage import Coverage


def test_the_tokens_that_the_model_knows_are_counted(tmp_path: Path, compiled_cache: Path) -> None:
    library = Library(tmp_path / "library", cache=compiled_cache, precision="w8a32")
    (tmp_path / "a.txt").write_text("The lease of the house is signed by the owner, and it is for the year.")
    (tmp_path / "b.txt").write_text("\u1202\u1200 \u1203\u1204 \u1205")
    library.ingest([str(tmp_path / "a.txt"), str(tmp_path / "b.txt")])
    assert library.coverage(str(tmp_path / "a.txt")) == Coverage(18, 0, "en")
    assert library.coverage(str(tmp_path / "b.txt")) == Coverage(3, 3, "")
    found = library.coverage()
    assert found is not None
    assert not isinstance(found, Coverage)
    assert (found.documents, found.measured, found.dropped, found.tokens, found.unknown) == (2, 2, 0, 21, 3)
    assert found.languages == {"": 1, "en": 1}
    assert [(Path(uri).name, share) for uri, share in found.worst] == [("b.txt", 1.0)]
    library.remove_documents(["2"])
    assert library.coverage().measured == 1  # type: ignore[union-attr]
