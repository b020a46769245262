"""Every reader is registered, under one name, and can be chosen."""

import pkgutil
from importlib import import_module

from wherein.ingest import readers
from wherein.ingest.readers.reader import Reader
from wherein.ingest.readers.registry import BY_SUFFIX, BY_ZIP_KIND, READERS


def test_every_reader_of_a_module_is_registered() -> None:
    names = [module.name for module in pkgutil.walk_packages(readers.__path__, f"{readers.__name__}.")]
    found = {id(reader) for name in names if isinstance(reader := getattr(import_module(name), "READER", None), Reader)}
    assert found == {id(reader) for reader in READERS}
    assert len(READERS) == len(found)


def test_suffixes_are_in_lower_case_and_name_registered_readers() -> None:
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in BY_SUFFIX)
    assert {reader.name for reader in (*BY_SUFFIX.values(), *BY_ZIP_KIND.values())} <= {
        reader.name for reader in READERS
    }


def test_a_kind_of_zip_file_is_the_name_of_its_reader() -> None:
    assert {kind: reader.name for kind, reader in BY_ZIP_KIND.items()} == {kind: kind for kind in BY_ZIP_KIND}


def test_only_archives_have_no_media_type() -> None:
    assert {reader.name for reader in READERS if not reader.media_type} == {"zip", "tar", "compressed"}
