"""The device that a model runs on: what its name stands for, and that every device here gives the same vectors."""

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from wherein.embed.devices import check_device_name, device_names, device_settings, needs_fixed_shape, pick_device
from wherein.embed.encoder import Encoder
from wherein.embed.model import load_model
from wherein.embed.runtime import openvino_core, present_device
from wherein.errors import UsageError

TEXTS = ["The tenant may sign the lease.", "Who feeds the walrus? " * 30, ""]


class Machine:
    """The part of `openvino.Core` that says which devices there are."""

    def __init__(self, *devices: str) -> None:
        self.available_devices = list(devices)

    def get_property(self, device: str, name: str) -> Any:
        return (1, 4) if name == "RANGE_FOR_STREAMS" else f"An Intel {device}"


@pytest.mark.parametrize("name", ["cpu", "CPU", "gpu.1", "NPU", "auto", "AUTO:GPU.0,CPU", "hetero:npu,cpu", "HETERO"])
def test_names_of_devices(name: str) -> None:
    assert check_device_name(name) == name.upper()


@pytest.mark.parametrize("name", ["", "XPU", "CPU.1", "AUTO:", "AUTO:CPU,", "MULTI:CPU", "CPU,GPU", "GPU.x", "CPU\n"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"^There is no device .*; write CPU, GPU"):
        check_device_name(name)


@pytest.mark.parametrize(
    ("name", "here", "device"),
    [
        ("CPU", ["CPU"], "CPU"),
        ("AUTO", ["CPU"], "CPU"),
        ("AUTO", ["CPU", "GPU", "NPU"], "GPU"),
        ("AUTO", ["CPU", "GPU.0", "GPU.1"], "GPU"),
        ("AUTO:CPU", ["CPU", "GPU"], "CPU"),
        ("AUTO:NPU,GPU,CPU", ["CPU", "GPU"], "GPU"),
        ("GPU.1", ["CPU", "GPU.0", "GPU.1"], "GPU.1"),
        ("HETERO", ["CPU"], "CPU"),
        ("HETERO", ["CPU", "GPU"], "HETERO:GPU,CPU"),
        ("HETERO:CPU", ["CPU"], "HETERO:CPU"),
        ("HETERO:NPU,CPU", ["CPU", "NPU"], "HETERO:NPU,CPU"),
    ],
)
def test_what_a_name_stands_for(name: str, here: list[str], device: str) -> None:
    assert pick_device(name, Machine(*here)) == device


@pytest.mark.parametrize(
    ("name", "here", "missing"),
    [
        ("GPU", ["CPU"], "GPU"),
        ("NPU", ["CPU", "GPU"], "NPU"),
        ("GPU.2", ["CPU", "GPU.0", "GPU.1"], "GPU.2"),
        ("AUTO:NPU,GPU", ["CPU"], "NPU"),
        ("HETERO:GPU,CPU", ["CPU"], "GPU"),
    ],
)
def test_a_device_that_is_not_there(name: str, here: list[str], missing: str) -> None:
    with pytest.raises(UsageError) as raised:
        pick_device(name, Machine(*here))
    assert str(raised.value) == f"There is no device {missing} here; there is {', '.join(here)}"


def test_settings_are_those_that_a_device_knows() -> None:
    here = Machine("CPU", "GPU", "NPU")
    assert device_settings(here, "CPU", 3, one_by_one=False) == {
        "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "THROUGHPUT", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
        "NUM_STREAMS": "3", "INFERENCE_NUM_THREADS": 3, "ENABLE_CPU_PINNING": False,
    }  # fmt: skip
    assert "ENABLE_CPU_PINNING" not in device_settings(here, "CPU", 4, one_by_one=False)
    assert device_settings(here, "HETERO:CPU", 3, one_by_one=True) == device_settings(here, "CPU", 3, one_by_one=True)
    assert device_settings(here, "GPU.1", 3, one_by_one=True) == {
        "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"
    }  # fmt: skip
    assert device_settings(here, "HETERO:NPU,CPU", 0, one_by_one=True) == {"PERFORMANCE_HINT": "LATENCY"}
    assert [needs_fixed_shape(device) for device in ("CPU", "GPU", "NPU", "HETERO:NPU,CPU")] == [0, 0, 1, 1]
    assert device_names(here) == {name: f"An Intel {name}" for name in ("CPU", "GPU", "NPU")}


@pytest.mark.parametrize("name", ["AUTO:CPU", "HETERO:CPU"])
def test_vectors_of_the_other_devices_here(name: str) -> None:
    model, device = load_model(), present_device(name)
    assert "CPU" in openvino_core().available_devices
    expected, vectors = (Encoder(model, "w8a32", device=one).encode_contexts(TEXTS) for one in ("CPU", device))
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_a_device_with_one_shape_gives_the_same_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    """As an NPU needs it, computed on the CPU."""
    model = load_model()
    expected = Encoder(model, "w8a32").encode_contexts(TEXTS)
    for module in ("encoder", "runtime"):
        monkeypatch.setattr(f"wherein.embed.{module}.needs_fixed_shape", lambda device: True)
    np.testing.assert_allclose(Encoder(model, "w8a32").encode_contexts(TEXTS), expected, atol=1e-4)


_AFFINITIES = """
import os
from threading import Thread
from wherein.embed.encoder import Encoder
from wherein.embed.model import load_model
encoder = Encoder(load_model(), "w8a32", threads=1)
encoder.encode_contexts(["who may sign the lease?"])  # OpenVINO looks at each core when it starts
work = Thread(target=encoder.encode_contexts, args=[["who may sign the lease? " * 20] * 20])
work.start()
found = set()
while work.is_alive():  # a thread that has nothing to do may run anywhere
    for thread in os.listdir("/proc/self/task"):
        try:
            found.add(tuple(sorted(os.sched_getaffinity(int(thread)))))
        except OSError:  # it has ended
            pass
print(*found)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows the cores of each thread")
def test_processes_with_a_chosen_number_of_threads_do_not_share_a_core() -> None:
    ran = subprocess.run([sys.executable, "-c", _AFFINITIES], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == str(tuple(sorted(os.sched_getaffinity(0))))
