"""What is read of a folder of files, format by format: `python bench/readers.py FOLDER`.

Each file is read in a worker, as `ingest` does. A row for each suffix has the files that were read, refused (there is
nothing to read) and failed, those whose text still is markup, and the longest time. Where a reference is installed
(pandoc, pdftotext, LibreOffice, openpyxl, python-docx, python-pptx, xlrd, trafilatura), the words of the files that
both read are compared: recall is the share of the reference's words that were read, precision the share of the words
that were read which the reference has. `--worst N` lists the files that differ most, `--reasons` every reason.
"""

import argparse
import html
import json
import re
import shutil
import subprocess
import tempfile
import unicodedata
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from pathlib import Path
from time import monotonic
from typing import Any

from wherein.errors import Unreadable
from wherein.ingest.document import Document
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.workers.parse import Job
from wherein.ingest.workers.pool import ParseTask, Pool

GOOD, REFUSED, FAILED = "good", "refused", "failed"
_AHEAD = 8
_REFERENCE_SECONDS = 60
_MARKUP = re.compile(r"</?[A-Za-z][\w:.-]*(?:\s[^<>]*)?>|\\[a-z]{2,}-?\d*\b|\{\\")
_MARKUP_SHARE = 0.25
_SOURCE = frozenset((".txt", ".md", ".tex", ".rst", ".json", ".py", ".css", ".js", ".man", ".1", ".ms"))

Reference = Callable[[Path], str]


@dataclass(frozen=True)
class Outcome:
    path: Path
    kind: str
    text: str = ""
    reasons: tuple[str, ...] = ()
    seconds: float = 0.0
    is_markup: bool = False


@dataclass
class Format:
    outcomes: list[Outcome] = field(default_factory=list)
    compared: list[tuple[float, float, int, int, int, Path]] = field(default_factory=list)

    def count(self, kind: str) -> int:
        return sum(outcome.kind == kind for outcome in self.outcomes)

    def recall(self) -> float:
        return sum(row[2] for row in self.compared) / max(1, sum(row[3] for row in self.compared))

    def precision(self) -> float:
        return sum(row[2] for row in self.compared) / max(1, sum(row[4] for row in self.compared))


def outcome_of(task: ParseTask, path: Path) -> Outcome:
    began, texts, reasons = monotonic(), list[str](), list[str]()
    opened = task.opened()
    if opened.last:
        trouble = opened.trouble
        kind = REFUSED if trouble and trouble.kind == "skipped" else FAILED
        return Outcome(path, kind, reasons=(trouble.reason if trouble else "",), seconds=monotonic() - began)
    kind, whole = GOOD, False
    try:
        for item in task.documents():
            if isinstance(item, Document):
                # What is attached to a document is a file of its own, which no reference reads.
                if not (item.key and whole):
                    texts.append(item.text)
                whole = whole or not item.key
            else:
                reasons.append(item.reason)
    except Skipped as problem:
        kind, reasons = REFUSED, [*reasons, str(problem)]
    except Unreadable as problem:
        kind, reasons = FAILED, [*reasons, str(problem)]
    if kind is GOOD and not texts:
        kind = REFUSED
    return Outcome(path, kind, "\n".join(texts), tuple(reasons), monotonic() - began)


def read_all(paths: Sequence[Path], jobs: int | None) -> Iterator[Outcome]:
    pool, waiting, rest = Pool(jobs), deque[tuple[ParseTask, Path]](), iter(paths)
    try:
        while True:
            while len(waiting) < _AHEAD and (path := next(rest, None)):
                waiting.append((pool.submit(Job(str(path))), path))
            if not waiting:
                return
            yield outcome_of(*waiting.popleft())
    finally:
        pool.close()


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", unicodedata.normalize("NFKC", text).lower()))


def is_markup(path: Path, text: str, expected: str = "") -> bool:
    """Whether more than a quarter of a text is tags or control words, most of which the reference does not show."""
    if path.suffix.lower() in _SOURCE:
        return False
    marks = [match[0] for match in _MARKUP.finditer(text)]
    if not any(mark.startswith(("</", "\\", "{")) for mark in marks):
        return False  # names in angle brackets, such as the descriptions of pictures
    if sum(map(len, marks)) <= _MARKUP_SHARE * max(1, len(text)):
        return False
    found = words(" ".join(marks))
    return (found & words(expected)).total() <= found.total() / 2


def output_of(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, timeout=_REFERENCE_SECONDS, check=True)
    return done.stdout.decode(errors="replace")


def by_pandoc(path: Path) -> str:
    suffix = path.suffix.lower().lstrip(".")
    return output_of("pandoc", "-f", suffix, "-t", "plain", "--wrap=none", str(path))


def by_office(path: Path) -> str:
    """Return the text that LibreOffice writes; other documents than texts are converted to an open format first."""
    form, ending = _OFFICE_TARGETS.get(path.suffix.lower(), ("txt:Text (encoded):UTF8", "txt"))
    with tempfile.TemporaryDirectory() as folder:
        output_of("soffice", "--headless", "--norestore", "--convert-to", form, "--outdir", folder, str(path))
        made = Path(folder, f"{path.stem}.{ending}")
        if ending == "txt":
            return made.read_text(encoding="utf-8-sig", errors="replace")
        return re.sub("<[^<>]+>", " ", output_of("unzip", "-p", str(made), "content.xml"))


_OFFICE_TARGETS = {".ppt": ("odp", "odp")}


def by_pdftotext(path: Path) -> str:
    """Return the words within the visible page, in alphabetical order; what is cropped is not read here either."""
    boxes = [output_of("pdftotext", "-bbox", *option, str(path), "-") for option in ((), ("-cropbox",))]
    everywhere, visible = (words(html.unescape(re.sub("<[^<>]+>", " ", box))) for box in boxes)
    shown = words(output_of("pdftotext", str(path), "-")) - (everywhere - visible)
    return " ".join(sorted(shown.elements()))


def by_trafilatura(path: Path) -> str:
    import trafilatura

    return trafilatura.extract(path.read_bytes(), include_comments=False) or ""


def by_openpyxl(path: Path) -> str:
    import openpyxl

    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    return "\n".join("\n".join([sheet.title, *_cells(sheet)]) for sheet in sheets)


def _cells(sheet: Any) -> Iterator[str]:
    for row in sheet.iter_rows(values_only=True):
        for value in row:
            if value is not None:
                yield _shown(value)


def _shown(value: object) -> str:
    """Return a cell's value as it is stored, and a date as in ISO 8601."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime):
        return str(value if value.time() != time.min else value.date())
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def by_xlrd(path: Path) -> str:
    import xlrd

    book = xlrd.open_workbook(path, logfile=open("/dev/null", "w"))  # noqa: PTH123, SIM115 - it writes while it reads
    texts = []
    for sheet in (sheet for sheet in book.sheets() if not sheet.visibility):
        rows = (sheet.row(number) for number in range(sheet.nrows))
        cells = (cell for row in rows for cell in row if cell.ctype in (xlrd.XL_CELL_TEXT, xlrd.XL_CELL_NUMBER))
        texts += [sheet.name, *(_shown(cell.value) for cell in cells)]
    return "\n".join(texts)


def by_python_docx(path: Path) -> str:
    import docx

    body = docx.Document(str(path)).element.body
    return "\n".join("".join(run.text or "" for run in line.iter(f"{_W}t")) for line in body.iter(f"{_W}p"))


_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def by_python_pptx(path: Path) -> str:
    import pptx

    return "\n".join(text for slide in pptx.Presentation(str(path)).slides for text in _slide_texts(slide))


def _slide_texts(slide: Any) -> Iterator[str]:
    yield from _shape_texts(slide.shapes)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame:
        yield slide.notes_slide.notes_text_frame.text


def _shape_texts(shapes: Iterable[Any]) -> Iterator[str]:
    for shape in shapes:
        if hasattr(shape, "shapes"):
            yield from _shape_texts(shape.shapes)
        elif shape.has_text_frame:
            yield shape.text_frame.text
        elif getattr(shape, "has_table", False):
            yield from (cell.text for row in shape.table.rows for cell in row.cells)


REFERENCES: dict[str, Reference] = {
    **dict.fromkeys((".epub", ".org", ".fb2", ".ipynb", ".rst", ".opml"), by_pandoc),
    **dict.fromkeys((".docx", ".odt", ".rtf", ".doc", ".dot", ".ppt"), by_office),
    **dict.fromkeys((".xlsx", ".xlsm"), by_openpyxl),
    ".xls": by_xlrd,
    ".pptx": by_python_pptx,
    ".pdf": by_pdftotext,
    **dict.fromkeys((".html", ".htm"), by_trafilatura),
}
_SECOND = {".docx": by_python_docx}


def reference_text(path: Path, cache: Path | None) -> str:
    """Return the words of the reference, or "" where it is not installed or cannot read the file."""
    suffix = path.suffix.lower()
    stored = cache / f"{path.parent.name}-{path.name}.json" if cache else None
    if stored and stored.exists():
        return str(json.loads(stored.read_text()))
    text = ""
    for reference in (REFERENCES.get(suffix), _SECOND.get(suffix)):
        if reference and not text.strip():
            with suppress(Exception):  # whatever it raises: there is nothing to compare with
                text = reference(path)
    if stored:
        stored.write_text(json.dumps(text))
    return text


def compare(outcome: Outcome, expected: str) -> tuple[float, float, int, int, int, Path] | None:
    ours, theirs = words(outcome.text), words(expected)
    if outcome.kind is not GOOD or not theirs:
        return None
    common = (ours & theirs).total()
    recall, precision = common / theirs.total(), common / max(1, ours.total())
    return recall, precision, common, theirs.total(), ours.total(), outcome.path


def show(formats: dict[str, Format], worst: int, with_reasons: bool) -> None:
    print("format      files   good refused failed markup  max s   recall precision")
    for suffix, form in sorted(formats.items()):
        markup = [outcome.path for outcome in form.outcomes if outcome.is_markup]
        slowest = max(outcome.seconds for outcome in form.outcomes)
        counts = [len(form.outcomes), form.count(GOOD), form.count(REFUSED), form.count(FAILED), len(markup)]
        shares = f"{form.recall():8.4f} {form.precision():9.4f} (of {len(form.compared)})" if form.compared else ""
        print(f"{suffix:10}" + " {:6} {:6} {:7} {:6} {:6}".format(*counts) + f" {slowest:6.1f} {shares}")
        reasons = Counter(reason for outcome in form.outcomes for reason in outcome.reasons)
        for reason, count in reasons.most_common(None if with_reasons else 4):
            print(f"{'':14}{count:4} x {reason[:120]}")
        for path in markup[:worst]:
            print(f"{'':14}markup: {path}")
        missed = sorted(form.compared, key=lambda row: row[2] - row[3])[:worst]
        added = sorted(form.compared, key=lambda row: row[2] - row[4])[:worst]
        for recall, precision, _, theirs, _, path in dict.fromkeys((*missed, *added)):
            print(f"{'':14}{recall:.3f} {precision:.3f} of {theirs:7,} words: {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--only", nargs="*", help="suffixes, such as .doc")
    parser.add_argument("--worst", type=int, default=0)
    parser.add_argument("--reasons", action="store_true")
    parser.add_argument("--cache", type=Path, help="a folder for the texts of references, which take most of the time")
    chosen = parser.parse_args()
    paths = sorted(path for path in chosen.folder.rglob("*") if path.is_file())
    paths = [path for path in paths if not chosen.only or path.suffix.lower() in chosen.only]
    if chosen.cache:
        chosen.cache.mkdir(parents=True, exist_ok=True)
    formats: dict[str, Format] = defaultdict(Format)
    for outcome in read_all(paths, chosen.jobs):
        form = formats[outcome.path.suffix.lower()]
        expected = reference_text(outcome.path, chosen.cache) if outcome.kind is GOOD else ""
        form.outcomes.append(replace(outcome, is_markup=is_markup(outcome.path, outcome.text, expected)))
        row = compare(outcome, expected)
        form.compared += [row] if row else []
    show(formats, chosen.worst, chosen.reasons)
    crashed = sum("crashed" in reason for form in formats.values() for out in form.outcomes for reason in out.reasons)
    print(f"{len(paths):,} files of {len(formats)} formats, {crashed} crashes; {_missing()}")


def _missing() -> str:
    programs = [name for name in ("pandoc", "pdftotext", "soffice") if shutil.which(name) is None]
    return f"not installed: {', '.join(programs)}" if programs else "all programs of reference are installed"


if __name__ == "__main__":
    main()
