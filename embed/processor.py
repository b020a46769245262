"""The processor of this machine, as Linux describes it."""

import platform
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CPU_INFO", "Processor", "read_processor"]

CPU_INFO = Path("/proc/cpuinfo")
# Those that a model's speed depends on, weakest first.
_FEATURES = ("sse4_2", "avx", "avx2", "avx512f", "avx_vnni", "avx512_vnni", "amx_int8", "asimd", "asimddp", "i8mm")


@dataclass(frozen=True)
class Processor:
    """A processor's name, and what it can do as Linux calls it: its `flags`, empty where they cannot be read."""

    name: str
    flags: frozenset[str]

    @property
    def features(self) -> tuple[str, ...]:
        """Those flags that matter to the speed of a model."""
        return tuple(name for name in _FEATURES if name in self.flags)


def read_processor(path: Path = CPU_INFO) -> Processor:
    """Return the processor that a file like /proc/cpuinfo describes, see proc(5); of several the first."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    fields = [(key.strip(), value.strip()) for key, _, value in (line.partition(":") for line in reversed(lines))]
    first = dict(fields)
    # platform.processor() comes last: on Linux it names at best the architecture.
    name = first.get("model name") or platform.processor() or platform.machine()
    return Processor(name, frozenset((first.get("flags") or first.get("Features") or "").split()))
