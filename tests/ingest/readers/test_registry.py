"""Every reader is registered, under one name, and can be chosen."""

import pkgutil
import subprocess
import sys
from importlib import import_module

import pytest

from wherein.ingest import readers
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.registry import BY_SUFFIX, BY_ZIP_KIND, MODULES, all_readers, reader_in


def test_every_reader_of_a_module_is_registered() -> None:
    names = [module.name for module in pkgutil.walk_packages(readers.__path__, f"{readers.__name__}.")]
    found = {id(reader) for name in names if isinstance(reader := getattr(import_module(name), "READER", None), Reader)}
    assert found == {id(reader) for reader in all_readers()}
    assert len(MODULES) == len(found)


def test_suffixes_are_in_lower_case_and_name_registered_readers() -> None:
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in BY_SUFFIX)
    assert {*BY_SUFFIX.values(), *BY_ZIP_KIND.values()} <= set(MODULES)


def test_a_kind_of_zip_file_is_the_name_of_its_reader() -> None:
    assert {kind: reader_in(module).name for kind, module in BY_ZIP_KIND.items()} == {
        kind: kind for kind in BY_ZIP_KIND
    }


def test_only_archives_have_no_media_type() -> None:
    assert {reader.name for reader in all_readers() if not reader.media_type} == {"zip", "tar", "compressed"}


@pytest.mark.parametrize(
    ("name", "data", "module"),
    [
        ("a.jsonl", b'{"text": "x"}\n', "records.jsonl"),
        ("a.txt", b"a heron", "text.plain"),
        ("a.csv", b"a,b\n1,2\n", "records.csv_file"),
        ("a.tex", b"\\section{Herons}", "latex.tex_file"),
        ("a", b"From heron\n", "text.plain"),
    ],
)
def test_a_worker_imports_only_the_reader_that_it_needs(name: str, data: bytes, module: str) -> None:
    code = (
        "import io, sys; import wherein.ingest.workers.worker; from wherein.ingest.readers.choose import choose;"
        f" choose({name!r}, io.BytesIO({data!r}));"
        " print(*(name for name in sys.modules))"
    )
    imported = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    package = "wherein.ingest.readers."
    assert [found for found in MODULES if package + found in imported] == [module]
    assert not {"pypdfium2", "markdown_it", "yaml", "lxml", "zstandard", "numpy", "sqlite_utils"} & set(imported)
