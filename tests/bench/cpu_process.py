"""An engine of cpu_bench.py in a process of its own, so that what it takes is its own, and neither a crash nor an endless inference ends the bench or disturbs another engine.

usage: cpu_process.py ENGINE FILE THREADS LIBRARY OUTPUTS START LIMIT

The process loads FILE, takes the seeded inputs of our LIBRARY and writes one line of JSON: {"start_ms"}; runs once, keeps what comes out in OUTPUTS (.npz) and writes {"mib"}: what the engine added to the process until then. Then it answers each line, a number of
seconds, with the list of the seconds of each run that it began in them, and ends with its input. Loading may take START seconds and each run LIMIT; an alarm ends the process there, whatever that does.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np

import cpu_compilers
import cpu_engines as engines

START_SECONDS = 120


class OverLimit(engines.Unfit):
    """One inference takes longer than is waited for."""


class Process:
    """An engine that has run once: `start_ms`, `mib`, `outputs`, and turn(seconds). Unfit says why there is none."""

    def __init__(self, kind, file, threads, library, limit, start=START_SECONDS):
        self._limit = limit
        self._said = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        with tempfile.TemporaryDirectory() as folder:
            outputs = os.path.join(folder, "outputs.npz")
            command = [sys.executable, "-B", os.path.abspath(__file__), kind.__name__, file, str(threads), library, outputs, str(start), str(limit)]
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, text=True)
            try:
                self.start_ms = self._answer(f"it was not ready in {start:g} s")["start_ms"]
                self.mib = self._answer()["mib"]
                with np.load(outputs) as arrays:
                    self.outputs = [arrays[str(place)] for place in range(len(arrays))]
            except BaseException:
                self.close()
                raise

    def turn(self, seconds):
        """The seconds of each run that begins within `seconds`: of one at least."""
        try:
            self._process.stdin.write(f"{seconds}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # what the process answers says why
        return self._answer()

    def close(self):
        self._process.kill()
        self._process.communicate()
        self._said.close()

    def _answer(self, late=None):
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        status = self._process.wait()
        if status == -signal.SIGALRM:
            raise engines.Unfit(late) if late else OverLimit(f"one inference takes more than {self._limit:g} s")
        self._said.seek(0)
        last = (self._said.read().strip().splitlines() or ["no message"])[-1][:150]
        raise engines.Unfit(f"its process ended {f'by signal {-status}' if status < 0 else f'with {status}'}: {last}")


def mib(key):
    with open("/proc/self/status", encoding="utf-8") as stream:
        return next(int(line.split()[1]) / 1024 for line in stream if line.startswith(key + ":"))


def run_for(seconds, run, limit):
    """The seconds of each call of run() that begins within `seconds`; none may take more than `limit`."""
    times, end = [], time.perf_counter() + seconds
    signal.setitimer(signal.ITIMER_REAL, seconds + limit)
    while True:
        begin = time.perf_counter()
        run()
        now = time.perf_counter()
        times.append(now - begin)
        if now >= end:
            signal.setitimer(signal.ITIMER_REAL, 0)
            return times


def main():
    name, file, threads, library, outputs, start, limit = sys.argv[1:]
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the packages print is no answer

    def answer(value):
        print(json.dumps(value), file=out, flush=True)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, float(start))
    kind = next(kind for kind in (engines.Ours, *engines.PEERS, *cpu_compilers.COMPILERS) if kind.__name__ == name)
    kind.package()  # is not what the network takes
    np.random.RandomState(0)  # nor is what the inputs are drawn with
    before = mib("VmRSS")
    engine = kind(file, int(threads))
    arrays = engines.arrays_for(engine.inputs if kind is engines.Ours else engines.Ours(library, 1).inputs)
    answer({"start_ms": engine.start_ms})
    signal.setitimer(signal.ITIMER_REAL, float(limit))
    found = engine.run(arrays)
    signal.setitimer(signal.ITIMER_REAL, 0)
    most = mib("VmHWM")
    np.savez(outputs, **{str(place): array for place, array in enumerate(found)})
    answer({"mib": most - before})
    for line in sys.stdin:
        answer(run_for(float(line), lambda: engine.run(arrays), float(limit)))


if __name__ == "__main__":
    main()
