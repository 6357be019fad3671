"""What `./run bench` measures: each function gives a figure or raises NotMeasured with the reason. Networks, inputs and programs are those of tests/e2e."""
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))

import cycles_test  # noqa: E402  (they stand in the folder above)
import networks  # noqa: E402
import run_network  # noqa: E402
import seeded_cycles_test  # noqa: E402
import vta_programs_test  # noqa: E402


class NotMeasured(Exception):
    """Why there is no figure."""


def reason_of(error):
    text = error.stderr if isinstance(error, subprocess.CalledProcessError) and error.stderr else str(error)
    text = text.decode(errors="replace") if isinstance(text, bytes) else text
    return text.strip().splitlines()[-1] if text.strip() else type(error).__name__


class Bench:
    """The programs of one build, the networks that they write, and how often times are taken."""

    def __init__(self, build, runs, folder):
        self.build, self.runs, self.folder = build, runs, folder
        self.tessera = os.path.join(build, "tools", "tessera")
        writers = [os.path.join(path, "tessera_onnx_write_network") for path, _, files in os.walk(os.path.join(build, "tests"))
                   if "tessera_onnx_write_network" in files]
        self.writer = writers[0] if writers else None
        self.known = {}  # name: what was measured once

    def once(self, name, measure):
        if name not in self.known:
            self.known[name] = measure()
        return self.known[name]

    def need_writer(self):
        if not self.writer:
            raise NotMeasured("tessera_onnx_write_network is not built")

    def seeded(self, network, machine):
        """The report of a network with seeded weights on the cycle device."""
        self.need_writer()

        def run():
            model = self.written(network)
            picture = np.random.RandomState(1).randn(*seeded_cycles_test.INPUTS.get(network, (1, 3, 224, 224))).astype(np.float32)
            with tempfile.TemporaryDirectory() as folder:
                return run_network.run(self.tessera, model, picture, folder, "--device", "cycle", "--machine", seeded_cycles_test.machine_path(machine),
                                       "--memory", "bench", "--quiet")[1]
        return self.once((network, machine), run)

    def tiny(self, network, machine):
        """The report of one of MLPerf Tiny's networks on the cycle device."""
        folder = networks.models_folder()
        if not folder or not os.path.exists(os.path.join(folder, "tflite", "mlperf-tiny", networks.TINY[network][0] + ".tflite")):
            raise NotMeasured("its network is not here: TESSERA_MODELS is the folder of the real ones")
        return self.once((network, machine), lambda: cycles_test.measure(self.tessera, network, machine, "cycle"))

    def vta_program(self, name):
        with tempfile.TemporaryDirectory() as folder:
            right, cycles = vta_programs_test.run(self.tessera, name, "cycle", "ideal", "pynq", folder, vta_programs_test.PROGRAMS[name][1])
        if not right:
            raise NotMeasured(f"{name} gives wrong bytes")
        return cycles

    def written(self, network):
        """The path of a network with seeded weights."""
        self.need_writer()
        model = os.path.join(self.folder, network + ".onnx")
        if not os.path.exists(model):
            subprocess.run([self.writer, network, "1", model], check=True, capture_output=True)
        return model

    def resnet18(self):
        """The seeded ResNet-18 and two pictures: the second run replays what the first recorded."""
        picture = np.random.RandomState(1).randn(1, 3, 224, 224).astype(np.float32)
        return self.written("resnet18"), np.concatenate([picture, picture])

    def median_of_runs(self, key, device, cases, *more):
        model, pictures = self.resnet18()
        figures = []
        for _ in range(self.runs):
            with tempfile.TemporaryDirectory() as folder:
                _, report = run_network.run(self.tessera, model, pictures[:cases], folder, "--device", device, "--machine", "pynq", "--quiet", *more)
            figures.append(report[key])
        return statistics.median(figures), figures

    def verilated_speed(self, *more):
        return self.median_of_runs("simulated_cycles_per_second", "cycle", 1, *more)

    def functional_seconds(self):
        return self.median_of_runs("wall_seconds", "functional", 2)

    def compilations(self):
        """(seconds, peak MiB) of each run of `tessera compile`."""
        model, _ = self.resnet18()
        found = []
        for _ in range(self.runs):
            begin = time.monotonic()
            process = subprocess.Popen([self.tessera, "compile", model, "--machine", "pynq", "-o", os.path.join(self.folder, "resnet18.tsr")],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise NotMeasured(f"tessera compile ended with status {process.returncode}")
            found.append((time.monotonic() - begin, usage.ru_maxrss / 1024))
        return found

    def compile_seconds(self):
        figures = [seconds for seconds, _ in self.once("compile", self.compilations)]
        return statistics.median(figures), figures

    def compile_memory(self):
        figures = [memory for _, memory in self.once("compile", self.compilations)]
        return statistics.median(figures), figures
