"""Folders of the files that people have, with the names and states that break programs, and what happens to them."""

import json
import os
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

__all__ = ["NAMES", "change", "populate"]

NAMES = (
    "a.txt", "b c.md", "[2024] notes.md", "who?.txt", "all*.txt", "caf\udce9.txt", "gro\u0308ssen.md", "grössen.txt",
    "new\nline.txt", "tab\there.md", "#hash.md", "a#b.txt", "50%.txt", "%41.txt", "-dash.txt", "--json", "~tilde.txt",
    "🎉.md", "しりとり.txt", "‮rtl.txt", "'quote'.txt", '"double".txt', "$HOME.txt", "back\\slash.txt", ".hidden.txt",
    "trailing .txt ", "UPPER.TXT", "noextension", "x" * 200 + ".txt",
)  # fmt: skip
FOLDERS = ("", "sub", "sub/deep", "[odd] folder", "caf\udce9", "priv", "node_modules", ".git")
WORDS = "the lease is signed by owner cat sleeps all day bread dough kneaded who may how long does market town lantern"
MTIMES = (-1, 0, -3_000_000_000, 9_000_000_000, 17_000_000_000, 2**33)


def text(dice: random.Random, words: int = 60) -> str:
    """Return words of the tiny model's vocabulary, and a few that it does not know."""
    known = [*WORDS.split(), "x-ray", "☀️", "grössen", "naïve", "F-16"]
    return " ".join(dice.choice(known) for _ in range(dice.randint(1, words))) + ".\n"


def populate(folder: Path, dice: random.Random) -> None:
    """Write some files of several kinds, links among them, below `folder`."""
    for _ in range(dice.randint(3, 12)):
        write_any(folder, dice)


def write_any(folder: Path, dice: random.Random) -> None:
    """Write one file of a kind chosen at random."""
    below = folder / dice.choice(FOLDERS)
    below.mkdir(parents=True, exist_ok=True)
    dice.choice(KINDS)(below, dice)


def change(folder: Path, dice: random.Random) -> None:
    """Do to one path below `folder` what users and programs do: edit, delete, rename, touch, copy, link."""
    paths = sorted(folder.rglob("*"), key=os.fsencode)
    if not paths or dice.random() < 0.3:
        write_any(folder, dice)
        return
    try:
        dice.choice(CHANGES)(dice.choice(paths), dice)
    except OSError:
        return  # a link that leads nowhere, a folder where a file is meant: then nothing changes


def _plain(folder: Path, dice: random.Random) -> None:
    (folder / dice.choice(NAMES)).write_text(text(dice), "utf-8")


def _front_matter(folder: Path, dice: random.Random) -> None:
    head = dice.choice(("tags: [a, b]", "year: 2024 # note", "title: 'x", "a: &a [*a]", "größe: 3\nkey with blank: x"))
    (folder / f"front-{dice.randint(0, 3)}.md").write_text(f"---\n{head}\n---\n{text(dice)}", "utf-8")


def _records(folder: Path, dice: random.Random) -> None:
    lines = [json.dumps({"id": dice.choice((n, f"k{n}", "a/b#c")), "text": text(dice)}) for n in range(4)]
    broken = ["{", "[]", "null", '{"text": 5}', ""]
    path = folder / f"r{dice.randint(0, 2)}.jsonl"
    path.write_text("\n".join([*lines, dice.choice(broken)]), "utf-8")


def _table(folder: Path, dice: random.Random) -> None:
    (folder / "t.csv").write_text(f'id,text\n1,"{text(dice)}"\n2,{dice.choice(WORDS.split())}\n', "utf-8")


def _page(folder: Path, dice: random.Random) -> None:
    (folder / "p.html").write_text(f"<title>T</title><meta name=keywords content='a,b'><p>{text(dice)}", "utf-8")


def _archive(folder: Path, dice: random.Random) -> None:
    with zipfile.ZipFile(folder / "z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("in/a.txt", "../b.txt", "a.txt"):
            archive.writestr(name, text(dice))


def _odd(folder: Path, dice: random.Random) -> None:
    path = folder / f"odd{dice.randint(0, 9)}.txt"
    data = dice.choice((b"", b"\xef\xbb\xbfcat sleeps", b"\xff\xfec\0a\0t\0", b"\0" * 50, b"caf\xe9", b"\n\n  \n"))
    path.write_bytes(data)


def _link(folder: Path, dice: random.Random) -> None:
    path = folder / f"link{dice.randint(0, 3)}"
    if not os.path.lexists(path):
        path.symlink_to(dice.choice(("a.txt", "..", ".", "nowhere", "link0", "sub", "/dev/null")))


def _pipe(folder: Path, dice: random.Random) -> None:
    path = folder / "pipe.txt"
    if not os.path.lexists(path) and dice.random() < 0.3:
        os.mkfifo(path)


def _exclusions(folder: Path, dice: random.Random) -> None:
    (folder / ".gitignore").write_text(dice.choice(("priv\n", "\ufeffpriv/\n", "*.txt\n!a.txt\n", "[\n")), "utf-8")


KINDS: tuple[Callable[[Path, random.Random], None], ...] = (
    _plain, _plain, _plain, _front_matter, _records, _table, _page, _archive, _odd, _link, _pipe, _exclusions,
)  # fmt: skip


def _append(path: Path, dice: random.Random) -> None:
    if path.is_file():
        with path.open("a", encoding="utf-8") as stream:
            stream.write(text(dice))


def _delete(path: Path, dice: random.Random) -> None:
    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _rename(path: Path, dice: random.Random) -> None:
    path.rename(path.with_name(dice.choice(NAMES)))


def _touch(path: Path, dice: random.Random) -> None:
    when = dice.choice(MTIMES)
    os.utime(path, (0, when))


def _copy(path: Path, dice: random.Random) -> None:
    if path.is_file():
        shutil.copyfile(path, path.with_name(dice.choice(NAMES)))


def _empty(path: Path, dice: random.Random) -> None:
    if path.is_file():
        path.write_bytes(b"")


CHANGES = (_append, _append, _delete, _rename, _touch, _copy, _empty)
