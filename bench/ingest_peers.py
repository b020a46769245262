"""Ingestion beside other systems: contexts a second and peak memory, from process start to durable on disk.

    python bench/ingest_peers.py --squad dev-v1.1.json [--full] [--count 300] [--rounds 3] [--systems wherein,openvino]

Takes SQuAD's paragraphs of at most 384 tokens, with --full joined until they fill 384. Each system runs in a fresh
process, in alternating rounds, with every limit set to 384 tokens; only Chroma's own function takes 256 of each and
drops the rest, which cannot be set.

The peers get an environment of their own in --peers, which is made when it is not there: several GB, and minutes.
Each gets what is fastest: texts sorted by length, so that a batch needs little padding, batches of 8 where they can be
set, and INT8 where it can run INT8. `openvino` is a loop by hand over the shipped model itself, compiled as OpenVINO
does by default for throughput. `onnxruntime`, `fastembed` and `txtai` run all-MiniLM-L6-v2 with fused operators and
dynamic INT8; `sentence-transformers`, `chroma-st` and `lancedb` run it with OpenVINO and static INT8; `chroma` runs
its own function, in float32. ONNX Runtime's threads do not spin. `wherein-BRANCH` in --systems is a checkout named in
--checkouts, to compare two versions.

Peak memory is the largest sum of the resident memory of a system's processes, read four times a second. Prints the
medians, and the medians and ranges of the rounds' ratios: on a machine with other work only those of CPU time can be
compared.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parent.parent
PEERS = ROOT / "bench" / "peers"

SYSTEMS = "wherein,openvino,onnxruntime,fastembed,sentence-transformers,txtai,chroma,chroma-st,lancedb"
TOKENS = 382
_POLL_SECONDS = 0.25


# How they are measured.


def measured(system: str, given: argparse.Namespace) -> tuple[float, float, float]:
    """Run a system in a process of its own; return seconds, CPU seconds, and the most memory it had, in MB."""
    checkout = ROOT
    if system.startswith("wherein-"):
        checkout, system = given.checkouts / system.removeprefix("wherein-"), "wherein"
    python = sys.executable if system == "wherein" else str(given.peers / "bin" / "python")
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "true", "HF_HUB_OFFLINE": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program has its bytecode
    environment |= {"PYTHONPATH": str(checkout / ".typed")} if system == "wherein" else {}
    with tempfile.TemporaryDirectory() as work, Path(work).with_suffix(".errors").open("w+b") as errors:
        command = [python, str(PEERS / "systems.py"), system, str(given.texts), "--work", work]
        command += ["--models", str(given.peers), "--precision", given.precision]
        began, used, most = time.perf_counter(), cpu_seconds(), 0
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=errors)
        while True:
            most = max(most, memory(process.pid))
            try:
                process.wait(_POLL_SECONDS)
                break
            except subprocess.TimeoutExpired:
                continue
        seconds = time.perf_counter() - began
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{system} failed: {errors.read().decode()[-2000:]}")
        Path(errors.name).unlink()
    return seconds, cpu_seconds() - used, most / 1e6


def cpu_seconds() -> float:
    """Return the CPU time of the processes that have ended, their own children included."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def memory(pid: int) -> int:
    """Return the resident memory of a process and its children; shared pages of several count for each."""
    total = 0
    for task in [pid, *descendants(pid)]:
        try:
            # Not smaps_rollup, for which the kernel walks the page tables and stops the process meanwhile.
            total += int(Path(f"/proc/{task}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, IndexError):
            continue
    return total


def descendants(pid: int) -> list[int]:
    try:
        children = [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [task for child in children for task in (child, *descendants(child))]


def contexts(squad: Path, full: bool, count: int) -> list[str]:
    from wherein.embed.model import load_model
    from wherein.embed.tokenizer import Tokenizer

    tokenizer = Tokenizer(load_model())
    paragraphs = [p["context"] for part in json.loads(squad.read_text("utf-8"))["data"] for p in part["paragraphs"]]
    if not full:
        fit = [text for text in paragraphs if int(tokenizer.words(text).tokens.sum()) <= TOKENS]
        return fit[:: max(1, len(fit) // count)][:count]
    found, text = [], " ".join(paragraphs)
    words, start = tokenizer.words(text), 0
    for index in range(len(words.start)):
        if len(found) == count:
            break
        if int(words.tokens[start : index + 1].sum()) > TOKENS:
            found.append(text[int(words.start[start]) : int(words.start[index])].strip())
            start = index
    return found


def prepare(given: argparse.Namespace) -> None:
    """Make the environment of the peers, where it is not there, and the weights that they want."""
    python = given.peers / "bin" / "python"
    if not python.exists():
        venv.create(given.peers, with_pip=True)
        requirements = str(PEERS / "requirements.txt")
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "-r", requirements], check=True)
    subprocess.run([str(python), str(PEERS / "prepare.py"), str(given.peers), str(given.texts)], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--squad", type=Path, required=True)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--systems", default=SYSTEMS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--peers", type=Path, default=Path("peers"), help="the folder of the peers' environment")
    parser.add_argument("--checkouts", type=Path, help="the folder of the checkouts for wherein-NAME")
    given = parser.parse_args()
    given.peers = given.peers.absolute()
    with tempfile.TemporaryDirectory() as folder:
        given.texts = Path(folder) / "contexts.json"
        given.texts.write_text(json.dumps(contexts(given.squad, given.full, given.count)), "utf-8")
        if any(not system.startswith("wherein") for system in given.systems.split(",")):
            prepare(given)
        compare(given)


def compare(given: argparse.Namespace) -> None:
    texts = json.loads(given.texts.read_text("utf-8"))
    records = "".join(json.dumps({"id": str(n), "text": text}) + "\n" for n, text in enumerate(texts))
    given.texts.with_suffix(".jsonl").write_text(records, "utf-8")
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for _ in range(given.rounds):
        for system in given.systems.split(","):
            rows.setdefault(system, []).append(measured(system, given))
            seconds, used, peak = rows[system][-1]
            print(f"{system}: {seconds:.1f} s, {used:.1f} s of CPU, {peak:.0f} MB", file=sys.stderr, flush=True)
    print(f"{len(texts)} contexts, {given.rounds} rounds, {processor()}, load {os.getloadavg()[0]:.1f}\n")
    print("| system | seconds | CPU seconds | factor by the clock | factor by CPU time | peak MB |")
    print("|---|---|---|---|---|---|")
    for system, found in rows.items():
        seconds, used, peak = (median(run[column] for run in found) for column in range(3))
        wall, cpu = (factors(found, rows.get("wherein", found), column) for column in range(2))
        print(f"| {named(system)} | {seconds:.1f} | {used:.1f} | {wall} | {cpu} | {peak:.0f} |")


def factors(found: list[tuple[float, ...]], ours: list[tuple[float, ...]], column: int) -> str:
    """Return the median of the rounds' ratios, and their range."""
    ratios = sorted(other[column] / mine[column] for other, mine in zip(found, ours, strict=True))
    return f"{median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def named(system: str) -> str:
    """Return what a system is called in the table."""
    if system.startswith("wherein"):
        return system
    notes = {"chroma": "FP32, 256 tokens of each", "openvino": "by hand, INT8", "onnxruntime": "by hand, INT8"}
    return f"{system}, {notes.get(system, 'INT8')}"


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    flags = next((set(line.split()) for line in lines if line.startswith("flags")), set())
    kinds = [flag for flag in ("avx2", "avx512_vnni", "avx_vnni", "amx_int8") if flag in flags]
    return f"{os.cpu_count()} cores of {name} ({', '.join(kinds)})"


if __name__ == "__main__":
    main()
