"""Sources that overlap, come and go, exclude and link: which documents a library then holds, beside an oracle.

WHEREIN_EXAMPLES=1000 python -m pytest tests/library/test_source_rules.py     a long run
"""

import os
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from toy import ToyEncoder
from wherein.library import Library

EXAMPLES = int(os.environ.get("WHEREIN_EXAMPLES", "15"))

FOLDERS = ("r", "r/sub", "r/priv", "r/sub/priv", "s")
FILES = tuple(f"{folder}/{name}.txt" for folder in FOLDERS for name in ("a", "x"))
ALWAYS = tuple(f"{folder}/k.txt" for folder in FOLDERS)
NAMES = ("priv", "x.txt", "sub")
LINKS = {"r/sub/l": "r/priv", "s/l": "r/sub"}

Line = tuple[str, str]
"""A folder, and a name that is excluded anywhere below it."""


def matches(line: Line, path: str) -> bool:
    base, name = line
    return path.startswith(base + "/") and name in path[len(base) + 1 :].split("/")


class SourceRules(RuleBasedStateMachine):
    """A library beside the sources and files that it should hold; names are relative to one folder."""

    def __init__(self) -> None:
        super().__init__()
        self.work = Path(os.path.realpath(tempfile.mkdtemp()))
        self.there: set[str] = set()
        self.links: set[str] = set()
        self.sources: dict[str, set[Line]] = {}
        self.covered: dict[str, set[str]] = {}
        self.kept: set[str] = set()
        self.library = Library(self.work / "library", encoder=ToyEncoder())  # type: ignore[arg-type]

    def teardown(self) -> None:
        shutil.rmtree(self.work)

    @initialize(name=st.sampled_from(FOLDERS))
    def begin(self, name: str) -> None:
        for path in ALWAYS:
            self.write(path)
        self.ingest(name, set(), no_exclude=False)

    # Files.

    @rule(path=st.sampled_from(FILES))
    def write(self, path: str) -> None:
        target = self.work / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"The text of {path}.")
        self.there.add(path)

    @rule(path=st.sampled_from(FILES))
    def delete(self, path: str) -> None:
        (self.work / path).unlink(missing_ok=True)
        self.there.discard(path)

    @rule(link=st.sampled_from(sorted(LINKS)))
    def link(self, link: str) -> None:
        if link not in self.links:
            (self.work / link).symlink_to(self.work / LINKS[link])
            self.links.add(link)

    @rule(link=st.sampled_from(sorted(LINKS)))
    def unlink(self, link: str) -> None:
        (self.work / link).unlink(missing_ok=True)
        self.links.discard(link)

    # Sources.

    @rule(name=st.sampled_from(FOLDERS), exclude=st.sets(st.sampled_from(NAMES), max_size=2), no_exclude=st.booleans())
    def ingest(self, name: str, exclude: set[str], no_exclude: bool) -> None:
        self.library.ingest([str(self.work / name)], exclude=sorted(exclude), no_exclude=no_exclude)
        lines = set() if no_exclude else self.sources.get(name, set())
        self.sources[name] = lines | {(name, excluded) for excluded in exclude}
        self.cover(name)

    @precondition(lambda self: self.there)
    @rule(data=st.data())
    def ingest_file(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted(self.there)))
        self.library.ingest([str(self.work / path)])
        self.sources.setdefault(path, set())
        self.cover(path)

    @precondition(lambda self: self.sources)
    @rule(data=st.data(), remove=st.booleans())
    def remove_source(self, data: st.DataObject, remove: bool) -> None:
        name = data.draw(st.sampled_from(sorted(self.sources)))
        before = len(self.held())
        result = self.library.remove_source(str(self.work / name), remove=remove)
        lines = self.sources.pop(name)
        for other in self.sources:
            if name.startswith(other + "/"):
                self.sources[other] |= lines
        for path, names in list(self.covered.items()):
            if name in names and not self.uncover(path, name) and not remove:
                self.kept.add(path)
        assert (result.kept > 0) <= (not remove)
        assert result.removed == before - len(self.held())
        self.check()

    @rule()
    def reindex(self) -> None:
        self.library.reindex()
        for name in [name for name in self.sources if name.endswith(".txt") and name not in self.there]:
            del self.sources[name]
        for path, names in list(self.covered.items()):
            for name in names - {name for name in self.sources if self.covers(name, path)}:
                self.uncover(path, name)
        for name in self.sources:
            self.cover(name)
        self.check()

    # The oracle.

    def cover(self, name: str) -> None:
        for path in self.there:
            if self.covers(name, path):
                self.covered.setdefault(path, set()).add(name)
                self.kept.discard(path)

    def uncover(self, path: str, name: str) -> set[str]:
        left = self.covered[path] - {name}
        self.covered[path] = left
        if not left:
            del self.covered[path]
        return left

    def covers(self, name: str, path: str) -> bool:
        return path in self.there and any(self.is_free(name, found, path) for found in self.ways(name, path))

    def ways(self, name: str, path: str) -> set[str]:
        """The paths by which the walk of a source may find a file: its own, and those through links."""
        if name.endswith(".txt"):
            return {path} & {name}
        ways = {path}
        for _ in LINKS:
            for link in self.links:
                ways |= {link + way[len(LINKS[link]) :] for way in ways if way.startswith(LINKS[link] + "/")}
        return {way for way in ways if way.startswith(name + "/")}

    def is_free(self, name: str, found: str, path: str) -> bool:
        if name.endswith(".txt"):
            return True
        own = self.sources[name]
        others = {line for other, lines in self.sources.items() if other != name for line in lines}
        others = {line for line in others if not matches(line, name)}
        return not any(matches(line, way) for line in own | others for way in (found, path))

    def held(self) -> set[str]:
        prefix = f"file://{self.work}/"
        return {document.uri.removeprefix(prefix) for document in self.library.documents()}

    def check(self) -> None:
        assert self.held() == set(self.covered) | self.kept


SourceRules.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=25,
    derandomize="WHEREIN_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
TestSourceRules = SourceRules.TestCase
