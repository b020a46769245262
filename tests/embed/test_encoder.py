"""The encoder with the shipped model: what its vectors are, which precision it takes, and what damage does to it."""

import json
import os
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from wherein.embed.encoder import Encoder
from wherein.embed.model import DEFAULT_MODEL, Model, fingerprint, load_model
from wherein.embed.precision import resolve_precision
from wherein.embed.tokenizer import Tokenizer
from wherein.errors import Damaged

TEXTS = ["The heron stands in the shallow water.", "A tax return is due in spring.", "Où est la gare ?", "x"]
NO_FILES = json.dumps({**json.loads((DEFAULT_MODEL / "model.json").read_text("utf-8")), "files": []})
LONG = " ".join(f"Sentence number {i} tells of rivers and boats." for i in range(200))


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


@pytest.fixture(scope="module", params=["w8a8", "w8a32"])
def encoder(request: pytest.FixtureRequest, model: Model) -> Encoder:
    return Encoder(model, request.param)


@pytest.fixture(scope="module")
def exact(model: Model) -> Encoder:
    return Encoder(model, "w8a32")


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEFAULT_MODEL, tmp_path / "model"))


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


@pytest.mark.parametrize("count", [0, 1, 2, 9, 60])
def test_vectors_are_unit_float32(encoder: Encoder, count: int) -> None:
    texts = [f"{TEXTS[i % len(TEXTS)]} {i}" for i in range(count)]
    for vectors in (encoder.encode_contexts(texts), encoder.encode_questions(texts)):
        assert vectors.shape == (count, 384)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("text", ["", " ", "\n\t", "\x01", "🙂", "字" * 1000, "a" * 50_000, LONG])
def test_odd_texts_have_unit_vectors_too(encoder: Encoder, text: str) -> None:
    vectors = encoder.encode_contexts([text])
    assert vectors.shape == (1, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_equal_text_has_an_equal_vector_in_any_company(encoder: Encoder) -> None:
    texts = [*TEXTS, LONG]
    alone = np.concatenate([encoder.encode_contexts([text]) for text in texts])
    together = encoder.encode_contexts([*texts, "And one more.", *texts])
    np.testing.assert_allclose(together[: len(texts)], alone, atol=1e-5)
    np.testing.assert_allclose(together[-len(texts) :], alone, atol=1e-5)


def test_a_second_encoder_makes_the_same_vectors(encoder: Encoder, model: Model) -> None:
    other = Encoder(model, encoder.precision, threads=1)
    np.testing.assert_allclose(other.encode_contexts(TEXTS), encoder.encode_contexts(TEXTS), atol=1e-5)


def test_related_texts_are_nearer_than_unrelated_ones(encoder: Encoder) -> None:
    contexts = encoder.encode_contexts(TEXTS[:2])
    question, _ = encoder.encode_question("Which bird wades through the pond?")
    assert question.shape == (384,)
    assert contexts[0] @ question > contexts[1] @ question


def test_stream_yields_every_key_with_its_vector(encoder: Encoder) -> None:
    rows = encoder.tokenizer.contexts(TEXTS * 20)
    found = dict(encoder.stream((f"key {i}", ids) for i, ids in enumerate(rows)))
    assert set(found) == {f"key {i}" for i in range(len(rows))}
    expected = encoder.encode_contexts(TEXTS)
    for i in range(len(rows)):
        np.testing.assert_allclose(found[f"key {i}"], expected[i % len(TEXTS)], atol=1e-5)


def test_an_abandoned_stream_leaves_the_encoder_usable(encoder: Encoder) -> None:
    expected = encoder.encode_contexts(TEXTS)
    stream = encoder.stream(enumerate(encoder.tokenizer.contexts(TEXTS * 30)))
    next(stream)
    stream.close()
    np.testing.assert_allclose(encoder.encode_contexts(TEXTS), expected, atol=1e-5)


def test_a_short_question_is_not_cut(encoder: Encoder) -> None:
    _, question = encoder.encode_question("where is the station?")
    assert question.cut == ""
    assert len(question.ids) == 7


def test_a_long_question_says_what_was_cut(encoder: Encoder) -> None:
    words = ["one", "two", "three"] * 13  # one token each; 30 of them fit between [CLS] and [SEP]
    vector, question = encoder.encode_question(" ".join(words))
    assert len(question.ids) == 32
    assert question.cut == " ".join(words[30:])
    kept, whole = encoder.encode_question(" ".join(words[:30]))
    assert whole.cut == ""
    assert whole.ids == question.ids
    np.testing.assert_allclose(vector, kept, atol=1e-5)


def test_what_is_cut_of_a_huge_question_reaches_its_end(encoder: Encoder) -> None:
    text = "boat " * 30 + "harbour " * 10_000 + "end"
    _, question = encoder.encode_question(text)
    assert question.cut == text[150:]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("flags\t\t: fpu sse2 avx2 avx512_vnni\n", "w8a8"),
        ("processor: 0\nflags : fpu avx_vnni\n", "w8a8"),
        ("flags : amx_int8\n", "w8a8"),
        ("flags : fpu sse4_2 avx avx2 avx512f\n", "w8a32"),
        ("flags : fpu avx_vnni_int8x\n", "w8a32"),
        ("model name : avx512_vnni\nflags : fpu\n", "w8a32"),
        ("Features : fp asimd\n", "w8a32"),
        ("", "w8a32"),
    ],
)
def test_auto_is_decided_by_the_flags(tmp_path: Path, lines: str, expected: str) -> None:
    path = tmp_path / "cpuinfo"
    path.write_text(lines)
    assert resolve_precision("auto", path) == expected
    assert [resolve_precision(name, path) for name in ("w8a8", "w8a32")] == ["w8a8", "w8a32"]


def test_auto_without_readable_flags(tmp_path: Path) -> None:
    assert resolve_precision("auto", tmp_path / "missing") == "w8a32"
    assert resolve_precision("auto", tmp_path) == "w8a32"
    (tmp_path / "binary").write_bytes(b"\xff\xfe\nflags : \xff avx_vnni\n")
    assert resolve_precision("auto", tmp_path / "binary") == "w8a8"


def test_fingerprint_differs_by_precision_only(model: Model) -> None:
    prints = [fingerprint(model, name) for name in ("w8a8", "w8a32")]
    assert prints[0] != prints[1]
    assert all(len(text) == 16 and int(text, 16) >= 0 for text in prints)
    assert fingerprint(load_model(), "w8a8") == prints[0] == Encoder(model, "w8a8").fingerprint


@pytest.mark.parametrize("before", ["{", "dimension", "model.bin"])
def test_damaged_manifest(copied: Path, before: str) -> None:
    path = copied / "model.json"
    flip(path, path.read_bytes().index(before.encode()))
    with pytest.raises(Damaged, match=r"model\.json"):
        fingerprint(load_model(copied), "w8a8")


@pytest.mark.parametrize("content", ["", "{}", "[]", "null", "{", '{"name": 1}', NO_FILES])
def test_manifest_that_is_none(copied: Path, content: str) -> None:
    (copied / "model.json").write_text(content)
    with pytest.raises(Damaged):
        load_model(copied)


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(Damaged):
        load_model(tmp_path / "nothing")


@pytest.mark.parametrize("name", ["tokenizer.json", "model.bin", "model.xml"])
@pytest.mark.parametrize("where", ["first", "middle", "last"])
def test_damaged_file(copied: Path, name: str, where: str) -> None:
    size = (copied / name).stat().st_size
    flip(copied / name, {"first": 0, "middle": size // 2, "last": size - 1}[where])
    with pytest.raises(Damaged, match=name):
        Encoder(load_model(copied), "w8a8").encode_contexts(["text"])


@pytest.mark.parametrize("name", ["tokenizer.json", "model.bin", "model.xml"])
def test_missing_file(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(Damaged, match=name):
        Encoder(load_model(copied), "w8a8").encode_contexts(["text"])


def test_the_tokenizer_alone_notices_damage(copied: Path) -> None:
    flip(copied / "tokenizer.json", 100_000)
    with pytest.raises(Damaged):
        Tokenizer(load_model(copied))


def truncate(blob: Path) -> None:
    blob.write_bytes(blob.read_bytes()[: blob.stat().st_size // 2])


def empty(blob: Path) -> None:
    blob.write_bytes(b"")


def swap(blob: Path) -> None:
    flip(blob, blob.stat().st_size // 2)


def swap_for_another(blob: Path) -> None:
    """A file whose checksum is right, but which is no compiled graph."""
    key = blob.name.rpartition("-")[0]
    (blob.parent / f"{key}-{zlib.crc32(b'other'):08x}.blob").write_bytes(b"other")
    blob.unlink()


@pytest.mark.parametrize("damage", [truncate, empty, swap, swap_for_another])
def test_a_damaged_compiled_model_is_made_again(
    tmp_path: Path, model: Model, exact: Encoder, damage: Callable[[Path], None]
) -> None:
    expected = exact.encode_contexts(TEXTS)
    Encoder(model, "w8a32", cache=tmp_path).encode_contexts(["text"])
    (blob,) = tmp_path.rglob("*.blob")
    damage(blob)
    vectors = Encoder(model, "w8a32", cache=tmp_path).encode_contexts(TEXTS)
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_a_compiled_model_is_used_again(tmp_path: Path, model: Model, exact: Encoder) -> None:
    for _ in range(2):
        vectors = Encoder(model, "w8a32", cache=tmp_path).encode_contexts(TEXTS)
        np.testing.assert_allclose(vectors, exact.encode_contexts(TEXTS), atol=1e-5)
    assert len(list(tmp_path.rglob("*.blob"))) == 1


def test_an_unusable_cache_is_done_without(tmp_path: Path, model: Model, exact: Encoder) -> None:
    (tmp_path / "file").write_text("no folder")
    for cache in (tmp_path / "file", tmp_path / "file" / "below"):
        vectors = Encoder(model, "w8a32", cache=cache).encode_contexts(TEXTS)
        np.testing.assert_allclose(vectors, exact.encode_contexts(TEXTS), atol=1e-5)
    assert (tmp_path / "file").read_text() == "no folder"


def test_openvino_reports_to_nobody(tmp_path: Path) -> None:
    """Its import as it is would open a connection to Google Analytics and make a folder in the user's home."""
    check = (
        "import sys; from wherein.embed.runtime import import_openvino; import_openvino().Core(); print(*sys.modules)"
    )
    environment = {**os.environ, "HOME": str(tmp_path)}
    environment.pop("CI", None)  # which would keep it silent, too
    done = subprocess.run([sys.executable, "-c", check], env=environment, capture_output=True, text=True, check=True)
    assert not any("telemetry" in name for name in done.stdout.split())
    assert list(tmp_path.iterdir()) == []


def test_a_signal_is_taken_after_models_have_come_and_gone() -> None:
    """A CPU plugin that outlives an earlier one would leave the thread without a stack for signal handlers."""
    check = """
import os, signal
from wherein.embed.model import load_model
from wherein.embed.runtime import compile_model
first = compile_model(load_model(), "w8a32", None, 1, True)
second = compile_model(load_model(), "w8a32", None, 1, True)
del first
del second
signal.signal(signal.SIGTERM, lambda *_: print("taken"))
os.kill(os.getpid(), signal.SIGTERM)
"""
    environment = {**os.environ}
    command = [sys.executable, "-X", "faulthandler", "-c", check]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "taken\n"), done.stderr


def test_an_interrupted_stream_leaves_the_encoder_usable(model: Model, exact: Encoder) -> None:
    encoder = Encoder(model, "w8a32")

    def interrupted() -> Iterator[tuple[int, list[int]]]:
        for number in range(60):
            yield number, encoder.tokenizer.contexts([LONG])[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(encoder.stream(interrupted()))
    np.testing.assert_allclose(encoder.encode_contexts(TEXTS), exact.encode_contexts(TEXTS), atol=1e-5)
