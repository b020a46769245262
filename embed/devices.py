"""The device that computes a model: this CPU, or a GPU or NPU of Intel that OpenVINO finds.

Everything that a device needs besides a graph is in this module. Only `CPU`, `AUTO:CPU` and `HETERO:CPU` have been
tried; what it does for a GPU and an NPU follows OpenVINO's documentation
(https://docs.openvino.ai/2026/openvino-workflow/running-inference/inference-devices-and-modes.html).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from wherein.errors import UsageError

__all__ = ["CPU", "check_device_name", "device_names", "device_settings", "needs_fixed_shape", "pick_device"]

CPU = "CPU"

_ONE = r"(?:CPU|GPU(?:\.\d+)?|NPU)"
_NAME = re.compile(rf"{_ONE}|(?:AUTO|HETERO)(?::{_ONE}(?:,{_ONE})*)?")
# What AUTO tries. An NPU is slower than a GPU with many texts at once, and is used only by name.
_AUTO = ("GPU", CPU)


def check_device_name(name: str) -> str:
    """Return the name of a device in capitals. Raises UsageError when no device can have it."""
    if not _NAME.fullmatch(name.upper()):
        shown = ascii(name[:80])[1:-1]
        raise UsageError(
            f"There is no device {shown}; write CPU, GPU, GPU.1, NPU, AUTO, AUTO:NPU,CPU or HETERO:GPU,CPU"
        )
    return name.upper()


def pick_device(name: str, core: Any) -> str:
    """Return the device that a name stands for here, as OpenVINO calls it.

    AUTO is decided here, once: OpenVINO's own AUTO computes the first vectors on the CPU, while it compiles for another
    device. Raises UsageError when the device is not there.
    """
    mode, _, listed = name.partition(":")
    if mode not in ("AUTO", "HETERO"):
        return _present([name], core)[0]
    devices = listed.split(",") if listed else list(_AUTO)
    present = _present(devices, core, at_least_one=not listed or mode == "AUTO")
    return present[0] if mode == "AUTO" or (len(present) == 1 and not listed) else f"HETERO:{','.join(present)}"


def _present(names: Sequence[str], core: Any, *, at_least_one: bool = False) -> list[str]:
    """Return those devices that are here; UsageError unless all are, or one is if that is enough."""
    here = core.available_devices  # GPU.0 and GPU.1 where there are two, else GPU
    present = [name for name in names if any(name == one or one.startswith(f"{name}.") for one in here)]
    if not present or (len(present) < len(names) and not at_least_one):
        missing = next(name for name in names if name not in present)
        raise UsageError(f"There is no device {missing} here; there is {', '.join(here)}")
    return present


def device_names(core: Any) -> dict[str, str]:
    """Return what each device of this machine is called by its maker."""
    return {name: str(core.get_property(name, "FULL_DEVICE_NAME")) for name in core.available_devices}


def device_settings(core: Any, device: str, threads: int, one_by_one: bool) -> dict[str, Any]:
    """Return OpenVINO's settings for a device; `threads` 0 means one per core and only concerns a CPU."""
    settings: dict[str, Any] = {
        # A CPU with AMX would compute in bfloat16 by default, a GPU and an NPU in float16, and vectors would differ.
        "INFERENCE_PRECISION_HINT": "f32",
        # All cores on one question, padded to 32 tokens: 18 ms instead of 62 (docs/decisions/cold-query.md).
        "PERFORMANCE_HINT": "LATENCY" if one_by_one else "THROUGHPUT",
    }
    if _parts(device) != [CPU]:
        # A GPU and an NPU choose their streams themselves, and an NPU has no other precision than its own.
        return {name: value for name, value in settings.items() if "NPU" not in device or name == "PERFORMANCE_HINT"}
    # By default OpenVINO rounds activations at run time, and w8a32 would depend on the CPU and on the batch.
    settings["DYNAMIC_QUANTIZATION_GROUP_SIZE"] = "0"
    settings["NUM_STREAMS"] = "1" if one_by_one else str(threads or _cores(core))
    if threads:
        settings["INFERENCE_NUM_THREADS"] = threads
    if 0 < threads < _cores(core):
        # OpenVINO would tie them to the first cores, and so those of every process to the same ones.
        settings["ENABLE_CPU_PINNING"] = False
    return settings


def needs_fixed_shape(device: str) -> bool:
    """Whether a device computes only graphs whose inputs have one shape: every text is padded to the longest."""
    return "NPU" in _parts(device)


def _parts(device: str) -> list[str]:
    return device.rpartition(":")[2].split(",")


def _cores(core: Any) -> int:
    """Return the number of threads that OpenVINO would use: one per core that this process may run on."""
    _, maximum = core.get_property(CPU, "RANGE_FOR_STREAMS")
    return int(maximum)
