"""Random command lines of `wherein`: right ones, nearly right ones and wrong ones."""

import random
from collections.abc import Callable

from odd_folders import NAMES

__all__ = ["command_line", "inputs"]

Argument = Callable[[random.Random], str]

BOM = b"\xef\xbb\xbf"
QUESTIONS = (
    "who may sign?", "the cat", "lantern", "bread dough", '"the cat"', "-cat", "cat -dog", '"', '""', "", " ", "?",
    "☀️",
    "x" * 5_000, "how long " * 200, "caf\udce9", "a\0b", "しりとり", "\ud800", "'", "NOT AND OR", '"x ray"', "--", "\n",
    "‮abc", "cat*", "title:cat", "%s %d", "\x1b[31mred",
)  # fmt: skip
PLACES = (
    "docs", "docs", "docs", "docs/a.txt", ".", "./docs", "docs/sub", "docs/../docs", "docs/*.txt", "docs/**/*.md",
    "docs/[odd] folder", "*", "",
    "nowhere", "/dev/null", "docs/link0", "docs/link1/..", "~", "~nobody", "lib", "docs/r0.jsonl", "docs/z.zip",
    "///dev/null",
    "docs/caf\udce9", "http://127.0.0.1:1/x", "http://", "https://[", "-", "docs/pipe.txt", "*.txt", "[", "**",
)  # fmt: skip
CONDITIONS = (
    "year = 2024", "tags = 'a'", "tags IN ('a', 'b')", "year >", "", "1", "title LIKE '%cat%'", "x = 'y",
    "year > 1e999",
    "größe = 3", '"key with blank" = \'x\'', "a = 1 AND (b = 2", "year = 99999999999999999999",
    "'); DROP TABLE files;--",
)  # fmt: skip
PATTERNS = (
    "priv",
    "./priv",
    "docs/priv",
    "*.txt",
    "sub/deep",
    "**/b.txt",
    "a.txt",
    "[",
    "!a.txt",
    "",
    "/",
    "**",
    "sub/",
    "\\",
    "#x",
    "caf\udce9",
    " ",
)
DAYS = (
    "2024-01-01",
    "1900-01-01",
    "9999-12-31",
    "2026-11-01",
    "1970-01-01",
    "yesterday",
    "",
    "2024-13-01",
    "0000-00-00",
    "7 days",
    "-1",
)
COUNTS = ("1", "3", "5", "20", "2", "0", "-1", "1000000", "99999999999999999999", "x", "", "nan")
SHARES = ("0", "0.1", "0.5", "1", "1e-9", "2", "-1", "nan", "inf", "x", "")
TIMES = ("06:00", "23:59", "05:30", "24:00", "", "noon", "6", "-1:00")
FILES = ("questions.txt", "questions.jsonl", "bom.jsonl", "binary.bin", "nowhere.txt", "docs", "/dev/null", "-", "")


def of(values: tuple[str, ...]) -> Argument:
    """Return a choice among values of which the first half is right: it is made three times out of four."""
    half = values[: -(-len(values) // 2)]
    return lambda dice: dice.choice(half if dice.random() < 0.75 else values)


def document(dice: random.Random) -> str:
    """Return what may be the name of a document: a path, a URI, a number."""
    name = dice.choice(NAMES)
    kind = dice.choice((0, 0, 0, *range(8)))
    forms = (
        f"docs/{name}", name, str(dice.randint(-1, 12)), f"docs/r0.jsonl#k{dice.randint(0, 3)}", dice.choice(PLACES),
        "stdin:text", f"file:///nowhere/{name}", "docs/z.zip#in/a.txt",
    )  # fmt: skip
    return forms[kind]


QUERY: dict[str, Argument | None] = {
    "-n": of(COUNTS), "--mode": of(("hybrid", "semantic", "keyword", "", "fuzzy")), "--explain": None,
    "--in": document,
    "--type": of(("md", "txt", "json", "html", "pdf", "", "??")), "--since": of(DAYS), "--where": of(CONDITIONS),
    "--context": of(COUNTS), "--sentence": None, "--no-sentence": None, "--no-fold": None, "--min-score": of(SHARES),
    "--require-fresh": None, "--full": None, "--all": None, "--no-pager": None,
    "--batch": of(FILES), "--format": of(("text", "json", "jsonl", "markdown", "csv", "xml", "")), "--json": None,
    "--answer": None, "--rerank": None, "--rerank-ms": of(COUNTS),
}  # fmt: skip
INGEST: dict[str, Argument | None] = {
    "--exclude": of(PATTERNS), "--max-size": of(COUNTS),
    "--name": document, "--text-field": of(("text", "text", "body", "")),
    "--id-field": of(("id", "id", "nope")), "--title-field": of(("title", "text", "")), "--dry-run": None,
    "--until": of(TIMES),
    "--wait": None, "--json": None, "--no-exclude": None,
}  # fmt: skip
REINDEX: dict[str, Argument | None] = {
    "--index": of(("auto", "exact", "ivf", "hnsw", "x", "", "flat", "IVF")), "--until": of(TIMES),
    "--accept-removals": None,
    "--margin": of(SHARES), "--rollback": None, "--finish": None, "--print-systemd": None, "--print-cron": None,
    "--wait": None, "--json": None,
}  # fmt: skip
JSON: dict[str, Argument | None] = {"--json": None}
REMOVE: dict[str, Argument | None] = {"--purge": None, "--wait": None}
SOURCE: dict[str, Argument | None] = {"--keep": None, "--remove": None, "--wait": None}
QUESTION = of(QUESTIONS)
PLACE = of(PLACES)

# How often, the command, its options, its arguments, and how many of the last argument.
COMMANDS: tuple[tuple[int, str, dict[str, Argument | None], tuple[Argument, ...], int], ...] = (
    (9, "ingest", INGEST, (PLACE,), 3),
    (9, "query", QUERY, (QUESTION,), 1),
    (4, "reindex", REINDEX, (), 0),
    (2, "documents list", {**JSON, "--problems": None}, (), 0),
    (2, "documents show", JSON, (document,), 1),
    (3, "documents remove", REMOVE, (document,), 2),
    (1, "sources list", JSON, (), 0),
    (2, "sources remove", SOURCE, (PLACE,), 1),
    (1, "golden add", {**JSON, "--wait": None}, (QUESTION, document), 1),
    (1, "golden list", JSON, (), 0),
    (1, "golden remove", {}, (QUESTION,), 1),
    (1, "evaluate golden", JSON, (of(FILES),), 1),
    (2, "status", {**JSON, "--coverage": None}, (), 0),
    (1, "verify", {**JSON, "--deep": None}, (), 0),
    (1, "repair", JSON, (), 0),
    (1, "backup", {**JSON, "--verify": None}, (of(("backup", "backup.tar.zst", "docs", "", "no/where/b")),), 1),
    (1, "restore", {**JSON, "--force": None, "--without-index": None}, (of(("backup", "docs", "nowhere", "lib")),), 1),
    (1, "model list", JSON, (), 0),
    (1, "model show", JSON, (of(("tiny", "", "..", "nowhere")),), 1),
)


def command_line(dice: random.Random) -> list[str]:
    """Return the arguments after `wherein`; arguments may begin with a dash, and options may be given twice."""
    (_, command, options, arguments, last) = dice.choices(COMMANDS, [weight for weight, *_ in COMMANDS])[0]
    line = command.split()
    for name in dice.choices(list(options), k=min(dice.choice((0, 0, 1, 1, 2, 3)), len(options))) if options else ():
        value = options[name]
        line += [name] if value is None else [name, value(dice)]
    for position, argument in enumerate(arguments):
        times = dice.randint(1, last) if position == len(arguments) - 1 else 1
        line += [argument(dice) for _ in range(times)]
    if dice.random() < 0.03 and len(line) > 1:
        line.pop(dice.randrange(1, len(line)))
    # The system cannot hand over a NUL, nor a lone surrogate that stands for no byte.
    return [word.replace("\0", "").encode("utf-8", "surrogateescape" if _bytes(word) else "replace").decode(
        "utf-8", "surrogateescape") for word in line]  # fmt: skip


def inputs(dice: random.Random) -> bytes | None:
    """Return what stands on standard input; None when it is closed."""
    return dice.choice(
        (b"", b"", b"the cat\n", b"cat\n\nlantern\n", b"exit\n", b"\xff\xfe", b"\xef\xbb\xbfcat\n", None)
    )


def _bytes(word: str) -> bool:
    return all(not 0xD800 <= ord(c) <= 0xDFFF or 0xDC80 <= ord(c) <= 0xDCFF for c in word)
