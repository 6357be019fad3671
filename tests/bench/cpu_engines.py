"""What runs a network on the CPU, for cpu_bench.py: ours, and peers from PyPI where they are installed.

An engine is made of (model file, threads) and has `inputs` [(name, dtype, shape)], run(arrays) -> outputs, and `start_ms`: from the file that it loads to
ready. One that cannot raises; `Absent` where its package is not there, which package() finds out before.
"""
import importlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "examples", "ahead_of_time"))
import network as ahead_of_time  # noqa: E402


class Absent(Exception):
    """The engine's package is not installed."""

    def __str__(self):
        return f"the package {self.args[0]} is not installed"


class Unfit(Exception):
    """The engine does not take this network."""


def imported(module, package=None):
    """The module of a package from PyPI."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise Absent(package or module) from error


def first_line(text):
    """The line that says most of an error: the first that calls itself one, or the first at all."""
    lines = [line.strip() for line in str(text).splitlines() if line.strip()]
    line = next((line for line in lines if "error: " in line), lines[0] if lines else "no message")
    return line.rpartition("error: ")[2][:150]


def reference_extents(root, model):
    """{name: N} of a network's open extents as its reference outputs in the models folder have them (goldens/onnxruntime/*/meta.json)."""
    for file in sorted(pathlib.Path(root).glob("goldens/onnxruntime/*/meta.json")):
        reference = json.loads(file.read_text(encoding="utf-8"))
        if os.path.realpath(os.path.join(root, reference["model"])) == os.path.realpath(model):
            shapes = zip(reference["model_input_shapes"], reference["inputs"])
            return {name: extent for names, tensor in shapes for name, extent in zip(names, tensor["shape"]) if isinstance(name, str)}
    return {}


def compile_ours(tessera, model, folder, known):
    """(library, seconds, MiB at most, {open extent: N}) of `tessera compile`; the library is made once. An extent that is not `known` is 1."""
    extents = {}
    for _ in range(8):
        command = [tessera, "compile", model, "--target", f"{os.uname().machine}-linux-gnu", "--cpu", "native", "-o", folder]
        for extent, value in extents.items():
            command += ["--extent", f"{extent}={value}"]
        begin = time.perf_counter()
        with open(os.path.join(os.path.dirname(folder), "said"), "w+", encoding="utf-8") as said:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            seconds = time.perf_counter() - begin
            said.seek(0)
            error = said.read().strip()
        if process.returncode == 0:
            library = next(name for name in sorted(os.listdir(folder)) if name.endswith(".so"))
            return os.path.join(folder, library), seconds, usage.ru_maxrss / 1024, extents
        if "--extent " not in error:
            raise Unfit(error.removeprefix("error: ").removeprefix(model + ": "))
        for extent in re.findall(r"--extent (\S+)=N", error):
            extents[extent] = known.get(extent, 1)
    raise Unfit("too many open extents")


class Ours:
    label = "Tessera"

    @staticmethod
    def package():
        return ahead_of_time

    def __init__(self, library, threads):
        begin = time.perf_counter()
        self._network = ahead_of_time.Network(library, threads)
        self.start_ms = 1e3 * (time.perf_counter() - begin)
        self.macs = self._network.multiply_accumulates
        self.inputs = [(t.name.decode(), np.dtype(t.type.decode()), tuple(t.shape[:t.rank])) for t in self._network.inputs]

    def run(self, arrays):
        return self._network(*arrays)


class OnnxRuntime:
    label = "ONNX Runtime"
    endings = (".onnx",)

    @staticmethod
    def package():
        return imported("onnxruntime")

    def __init__(self, model, threads):
        onnxruntime = self.package()
        begin = time.perf_counter()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.start_ms = 1e3 * (time.perf_counter() - begin)
        self._names = [tensor.name for tensor in self._session.get_inputs()]

    def run(self, arrays):
        return self._session.run(None, dict(zip(self._names, arrays)))


class LiteRt:
    """With XNNPACK, its default."""
    label = "LiteRT"
    endings = (".tflite",)

    @staticmethod
    def package():
        return imported("ai_edge_litert.interpreter", "ai-edge-litert")

    def __init__(self, model, threads):
        litert = self.package()
        begin = time.perf_counter()
        self._interpreter = litert.Interpreter(model_path=model, num_threads=threads)
        self._interpreter.allocate_tensors()
        self.start_ms = 1e3 * (time.perf_counter() - begin)
        self._inputs = [tensor["index"] for tensor in self._interpreter.get_input_details()]
        self._outputs = [tensor["index"] for tensor in self._interpreter.get_output_details()]

    def run(self, arrays):
        for index, array in zip(self._inputs, arrays):
            self._interpreter.set_tensor(index, array)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._outputs]


PEERS = (OnnxRuntime, LiteRt)


def arrays_for(inputs):
    """Seeded inputs."""
    arrays = []
    for place, (_, dtype, shape) in enumerate(inputs):
        values = np.random.RandomState(place).randn(*shape)
        if dtype.kind in "iu":
            bounds = np.iinfo(dtype)
            values = np.clip(np.round(values * 40) + (128 if dtype == np.uint8 else 0), bounds.min, bounds.max)
        arrays.append(np.ascontiguousarray(values.astype(dtype)))
    return arrays
