"""Side by side with other systems: python bench/run.py --data FOLDER [--peers FOLDER] [--only TASK,…] [--quick]

`make bench DATA=FOLDER` runs all of it. DATA has `squad-dev-v1.1.json` (SQuAD v1.1) and `scifact` (BEIR). The peers
get an environment of their own in --peers, which is made when it is not there: several GB, and minutes. Every system
runs in processes of its own, in alternating rounds (A B A B), over the same texts, cut to 384 tokens, with the same
base weights, in INT8 and in the way that is fastest there; bench/peers/encoders.py says which.

    ingestion   --contexts paragraphs of SQuAD into an empty folder, from process start to durable on disk
    full        the same with paragraphs joined until they fill 384 tokens
    again       the same records once more
    update      three of them changed; the peers get only these
    cold        one question, a process of its own
    warm        200 questions in one process
    kill        SIGKILL at half of the ingestion, then the same command again: what has to be done again, what is wrong
    quality     2,000 questions of SQuAD, and SciFact's over 2,000 abstracts, through each system's own ingestion and
                search
    vectors     an index over 100,000 vectors (and a million for the two that build it in minutes), at recall 0.99

Ratios are those of one round, the peer's figure by Wherein's; medians are given with the range of all rounds. Results
are kept in OUT/results.json, each task as soon as it is done, and a task that is there is not run again without
--again; at the end they are written into docs/benchmarks.md and docs/pictures.
"""

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import venv
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import report
from processes import killed, measured, processor

ROOT = Path(__file__).parent.parent
PEERS = ROOT / "bench" / "peers"
SYSTEMS = "wherein,openvino,onnxruntime,fastembed,sentence-transformers,txtai,chroma,lancedb,card"
TOKENS, CHANGED, QUESTION = 382, 3, "Which prize did the city win for its parks?"
# The slowest systems embed four abstracts a second.
SQUAD_QUESTIONS, ABSTRACTS = 2_000, 2_000


@dataclass(frozen=True)
class Bench:
    """What is measured, and where."""

    data: Path
    peers: Path
    out: Path
    systems: tuple[str, ...]
    rounds: int
    contexts: int
    quick: bool

    def run(self, task: str) -> Any:
        """Return the results of a task."""
        return getattr(self, task)()

    # Ingestion.

    def ingestion(self, *, full: bool = False) -> dict[str, list[dict[str, float]]]:
        count = self.contexts // 3 if full else self.contexts
        records = self._records("full" if full else "contexts", count)
        found: dict[str, list[dict[str, float]]] = {}
        for _ in range(self.rounds):
            for system in self.systems:
                folder = self._empty(system)
                cost = measured(self._ingest(system, records, folder), self._environment)
                found.setdefault(system, []).append(
                    {"seconds": cost.seconds, "cpu": cost.cpu, "megabytes": cost.megabytes,
                     "bytes": _size(folder) / count}
                )  # fmt: skip
                _say(f"{system}: {cost.seconds:.1f} s, {cost.cpu:.1f} s of CPU, {cost.megabytes:.0f} MB")
        return found

    def full(self) -> dict[str, list[dict[str, float]]]:
        return self.ingestion(full=True)

    def again(self) -> dict[str, list[dict[str, float]]]:
        return self._repeated(self._records("contexts", self.contexts), "ingest")

    def update(self) -> dict[str, list[dict[str, float]]]:
        return self._repeated(self._changed(), "update")

    def _repeated(self, records: Path, verb: str) -> dict[str, list[dict[str, float]]]:
        found: dict[str, list[dict[str, float]]] = {}
        for _ in range(self.rounds):
            for system in self.systems:
                folder, given = self._filled(system), records
                if verb == "update" and system == "wherein":
                    given = self.out / "contexts.jsonl"
                    changed = {one["id"]: one for one in _read(records)}
                    _write(given, [changed.get(one["id"], one) for one in _read(given)])
                command = self._ingest(system, given, folder, verb)
                cost = measured(command, self._environment)
                found.setdefault(system, []).append({"seconds": cost.seconds, "cpu": cost.cpu})
                _say(f"{system}: {cost.seconds:.2f} s, {cost.cpu:.2f} s of CPU")
                if verb == "update":
                    self._records("contexts", self.contexts)
                    shutil.rmtree(folder)
        return found

    # Asking.

    def cold(self) -> dict[str, list[dict[str, float]]]:
        found: dict[str, list[dict[str, float]]] = {}
        for number in range(2 * self.rounds + 1):
            for system in self.systems:
                folder = self._filled(system)
                cost = measured(self._ask(system, folder), self._environment)
                if number:  # the first fills caches
                    found.setdefault(system, []).append({"seconds": cost.seconds, "cpu": cost.cpu})
        return found

    def warm(self) -> dict[str, list[dict[str, float]]]:
        questions = self._squad_questions(200)[0]
        found: dict[str, list[dict[str, float]]] = {}
        for _ in range(self.rounds):
            for system in self.systems:
                answers = self._answers(system, self._filled(system), questions)
                times = sorted(answer["milliseconds"] for answer in answers)
                p95 = times[int(0.95 * len(times))]
                found.setdefault(system, []).append({"p50": statistics.median(times), "p95": p95})
                _say(f"{system}: p50 {statistics.median(times):.1f} ms")
        return found

    def quality(self) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        questions, right = self._squad_questions(200 if self.quick else SQUAD_QUESTIONS)
        collection = self._scifact
        for system in self.systems:
            squad = self._answers(system, self._filled(system, "squad", self._squad_records()), questions)
            ranks = [[one in relevant for one in answer["ids"]] for answer, relevant in zip(squad, right, strict=True)]
            found[system] = {
                "top1": sum(rank[:1] == [True] for rank in ranks) / len(ranks),
                "top5": sum(any(rank[:5]) for rank in ranks) / len(ranks),
            }
            if not self.quick:
                folder = self._filled(system, "scifact", self._scifact_records())
                answers = self._answers(system, folder, collection.questions)
                found[system]["ndcg10"] = _ndcg(answers, collection)
            _say(f"{system}: {found[system]}")
        return found

    # Faults.

    def kill(self) -> dict[str, dict[str, Any]]:
        count = 3 * self.contexts  # enough that a system which keeps what it has done can save something
        records = self._records("many", count)
        found: dict[str, dict[str, Any]] = {}
        for system in self.systems:
            whole = measured(self._ingest(system, records, self._empty(system)), self._environment)
            folder = self._empty(system)
            was_running = killed(self._ingest(system, records, folder), self._environment, whole.seconds / 2)
            try:
                again = measured(self._ingest(system, records, folder), self._environment)
                counted = measured(self._verb(system, "count", str(folder)), self._environment)
                found[system] = {
                    "killed": was_running, "again": again.cpu / whole.cpu,
                    "missing": count - int(counted.output),
                }  # fmt: skip
            except SystemExit as error:
                found[system] = {"killed": was_running, "failed": str(error)[-200:]}
            _say(f"{system}: {found[system]}")
        return found

    def vectors(self) -> dict[str, dict[str, dict[str, float]]]:
        corpus = self.out / "corpus"
        if not (corpus / "questions.npy").exists():
            files = [str(self.data / "squad-dev-v1.1.json"), str(self.data / "scifact" / "corpus.jsonl")]
            subprocess.run([sys.executable, str(ROOT / "bench" / "ann.py"), "corpus", str(corpus), *files], check=True)
        found: dict[str, dict[str, dict[str, float]]] = {}
        sizes = {"10,000": 10_000} if self.quick else {"100,000": 100_000, "1,000,000": 1_000_000}
        for size, count in sizes.items():
            _spread(corpus, count)
            # The graphs of the other two take an hour at a million.
            for system in ("wherein", "lancedb") if count > 100_000 else ("wherein", "faiss-hnsw", "lancedb", "chroma"):
                folder = self._empty(system)
                python = sys.executable if system == "wherein" else str(self.peers / "bin" / "python")
                names = [str(corpus / f"{name}.npy") for name in ("spread", "held-out")]
                command = [python, str(PEERS / "vectors.py"), system, *names, str(folder)]
                cost = measured(command, self._environment)
                one = json.loads(cost.output.splitlines()[-1]) | {"megabytes": cost.megabytes}
                found.setdefault(size, {})[system] = one
                _say(f"{size}, {system}: {one}")
        return found

    # The collections.

    @cached_property
    def _squad(self) -> Any:
        from wherein.evaluation.collection import read_squad

        return read_squad(self.data / "squad-dev-v1.1.json")

    @cached_property
    def _scifact(self) -> Any:
        from wherein.evaluation.collection import Collection, read_beir

        whole = read_beir(self.data / "scifact")
        judged = set().union(*whole.relevant)
        others = random.Random(1).sample([one for one in whole.ids if one not in judged], ABSTRACTS - len(judged))
        kept = [at for at, one in enumerate(whole.ids) if one in judged.union(others)]
        rows = ([column[at] for at in kept] for column in (whole.ids, whole.titles, whole.texts))
        return Collection(*rows, whole.question_ids, whole.questions, whole.relevant)

    def _squad_questions(self, count: int) -> tuple[list[str], list[Any]]:
        chosen = random.Random(1).sample(range(len(self._squad.questions)), count)
        return [self._squad.questions[n] for n in chosen], [self._squad.relevant[n] for n in chosen]

    def _squad_records(self) -> Path:
        return _write(self.out / "squad.jsonl", _records_of(self._squad))

    def _scifact_records(self) -> Path:
        return _write(self.out / "scifact.jsonl", _records_of(self._scifact))

    def _records(self, name: str, count: int) -> Path:
        texts = _joined(self._squad.texts, count) if name == "full" else _fitting(self._squad.texts, count)
        rows = [{"id": str(number), "title": "", "text": text} for number, text in enumerate(texts)]
        return _write(self.out / f"{name}.jsonl", rows)

    def _changed(self) -> Path:
        rows = _read(self._records("contexts", self.contexts))[:: self.contexts // CHANGED][:CHANGED]
        return _write(self.out / "changed.jsonl", [{**row, "text": f"Changed. {row['text']}"} for row in rows])

    # The commands.

    @cached_property
    def _environment(self) -> dict[str, str]:
        quiet = {"TOKENIZERS_PARALLELISM": "true", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT / ".typed")}
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return kept | quiet  # an installed program has its bytecode

    def _ingest(self, system: str, records: Path, folder: Path, verb: str = "ingest") -> list[str]:
        if system == "wherein":
            return [*self._wherein(folder), "ingest", str(records)]
        return self._verb(system, verb, str(records), str(folder))

    def _ask(self, system: str, folder: Path) -> list[str]:
        if system == "wherein":
            return [*self._wherein(folder), "query", QUESTION]
        return self._verb(system, "ask", str(folder), QUESTION)

    def _answers(self, system: str, folder: Path, questions: list[str]) -> list[dict[str, Any]]:
        asked, answered = self.out / "questions.json", self.out / "answers.json"
        asked.write_text(json.dumps(questions), "utf-8")
        measured(self._verb(system, "questions", str(folder), str(asked), str(answered)), self._environment)
        found: list[dict[str, Any]] = json.loads(answered.read_text("utf-8"))
        return found

    def _verb(self, system: str, *given: str) -> list[str]:
        python = sys.executable if system == "wherein" else str(self.peers / "bin" / "python")
        return [python, str(PEERS / "systems.py"), system, *given, "--models", str(self.peers)]

    def _wherein(self, folder: Path) -> list[str]:
        return [sys.executable, "-m", "wherein", "--library", str(folder / "library")]

    def _empty(self, system: str) -> Path:
        folder = self.out / "empty" / system
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def _filled(self, system: str, name: str = "contexts", records: Path | None = None) -> Path:
        """Return a folder with the records, which are ingested where that was not done."""
        folder = self.out / name / system
        if not folder.exists():
            new = folder.with_suffix(".new")
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir(parents=True)
            given = records or self._records("contexts", self.contexts)
            measured(self._ingest(system, given, new), self._environment)
            new.rename(folder)
        return folder


def _fitting(texts: list[str], count: int) -> list[str]:
    """Return paragraphs that have at most 384 tokens, from all over the collection."""
    tokens = _tokenizer()
    fit = [text for text in texts if int(tokens.words(text).tokens.sum()) <= TOKENS]
    return fit[:: max(1, len(fit) // count)][:count]


def _joined(texts: list[str], count: int) -> list[str]:
    """Return texts of almost 384 tokens, cut from all paragraphs in a row."""
    found, whole = [], " ".join(texts)
    words, start = _tokenizer().words(whole), 0
    for index in range(len(words.start)):
        if len(found) == count:
            break
        if int(words.tokens[start : index + 1].sum()) > TOKENS:
            found.append(whole[int(words.start[start]) : int(words.start[index])].strip())
            start = index
    return found


def _tokenizer() -> Any:
    from wherein.embed.model import load_model
    from wherein.embed.tokenizer import Tokenizer

    return Tokenizer(load_model())


def _records_of(collection: Any) -> list[dict[str, str]]:
    rows = zip(collection.ids, collection.titles, collection.texts, strict=True)
    return [{"id": one, "title": title, "text": text} for one, title, text in rows]


def _spread(corpus: Path, count: int) -> None:
    """Write `spread.npy` and `held-out.npy`: noisy copies of the sentences' vectors, as bench/ann.py makes them."""
    import numpy as np
    from ann import spread

    sentences = np.load(corpus / "sentences.npy")
    rows, chance = np.arange(count) % len(sentences), np.random.default_rng(7)
    parts = [spread(sentences[rows[first : first + 10_000]], chance) for first in range(0, count, 10_000)]
    np.save(corpus / "spread.npy", np.concatenate(parts))
    np.save(corpus / "held-out.npy", np.load(corpus / "questions.npy")[:400])


def _ndcg(answers: list[dict[str, Any]], collection: Any) -> float:
    import ir_measures

    qrels = dict(zip(collection.question_ids, collection.relevant, strict=True))
    run = {
        name: {one: 1.0 / rank for rank, one in enumerate(answer["ids"], 1)}
        for name, answer in zip(collection.question_ids, answers, strict=True)
    }
    return float(ir_measures.calc_aggregate([ir_measures.nDCG @ 10], qrels, run)[ir_measures.nDCG @ 10])


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _read(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _write(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def prepare(bench: Bench) -> None:
    """Make the environment of the peers, where it is not there, and the weights that they want."""
    python = bench.peers / "bin" / "python"
    if not python.exists():
        venv.create(bench.peers, with_pip=True)
        requirements = str(PEERS / "requirements.txt")
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "-r", requirements], check=True)
    texts = bench.out / "calibration.json"
    texts.write_text(json.dumps(_fitting(bench._squad.texts, 300)), "utf-8")
    subprocess.run([str(python), str(PEERS / "prepare.py"), str(bench.peers), str(texts)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--peers", type=Path, default=ROOT / ".bench" / "peers")
    parser.add_argument("--out", type=Path, default=ROOT / ".bench")
    parser.add_argument("--systems", default=SYSTEMS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contexts", type=int, default=300)
    parser.add_argument("--only", default=",".join(report.TASKS))
    parser.add_argument("--again", action="store_true", help="run tasks of which there are results")
    parser.add_argument("--quick", action="store_true", help="small sizes, to try the benchmark itself")
    parser.add_argument("--no-pages", action="store_true", help="leave docs/benchmarks.md and the pictures alone")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    bench = Bench(
        given.data.absolute(), given.peers.absolute(), given.out.absolute(), tuple(given.systems.split(",")),
        given.rounds, given.contexts, given.quick,
    )  # fmt: skip
    kept = bench.out / "results.json"
    results: dict[str, Any] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    prepare(bench)
    for task in given.only.split(","):
        if task in results and not given.again:
            continue
        _say(f"— {task}")
        results[task] = {
            "found": bench.run(task), "processor": processor(), "load": os.getloadavg()[0], "rounds": bench.rounds,
            "contexts": bench.contexts,
        }  # fmt: skip
        kept.write_text(json.dumps(results, indent=1), "utf-8")
    page = report.page(results)
    if given.no_pages:
        print(page)
    else:
        report.write(page, results, ROOT / "docs")


if __name__ == "__main__":
    main()
