"""The catalogue of models that can be fetched."""

import re

import pytest

from wherein.embed.metric import METRICS
from wherein.embed.models.zoo import DEFAULT_VARIANT, ZOO, ZooFile, ZooModel


@pytest.mark.parametrize("entry", ZOO.values(), ids=list(ZOO))
def test_entries_are_complete(entry: ZooModel) -> None:
    assert ZOO[entry.name] is entry
    assert entry.url.startswith("https://")
    assert entry.url.endswith(f"/{entry.name}/")
    assert (entry.dimension > 0) == (entry.metric in METRICS) == (entry.kind == "embedding")
    assert DEFAULT_VARIANT in entry.variants
    for variant, files in entry.variants.items():
        stem = f"{variant}/{entry.name}"
        assert [file.path for file in files] == ["vocab.txt", f"{stem}.xml", f"{stem}.bin"]
        assert all(re.fullmatch("[0-9a-f]{96}", file.sha384) and file.bytes > 0 for file in files)
        assert len({file.sha384 for file in files}) == 3


def test_the_size_of_a_download() -> None:
    files = tuple(ZooFile(name, size, "") for name, size in (("a", 1), ("b", 20), ("c", 300)))
    entry = ZooModel("m", "1", "", 1, "dot", 384, 32, "MIT", {"FP32-INT8": files, "FP16": files[:1]})
    assert (entry.download_bytes(), entry.download_bytes("FP16")) == (321, 1)
