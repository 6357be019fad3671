"""An engine of cpu_bench.py in a process of its own, so that what it takes is its own, and neither its crash nor an endless inference ends the bench or disturbs another engine.

usage: cpu_process.py ENGINE FILE THREADS LIBRARY OUTPUTS START LIMIT

The process loads FILE, takes the seeded inputs of our LIBRARY and writes one line of JSON: {"start_ms"}; runs once, keeps what comes out in OUTPUTS (.npz) and writes {"mib"}: what the engine added to the process until then. Then it answers each line, a number of
seconds, with the list of the seconds of each run that it began in them, and ends with its input. {"error"}: why it cannot. Loading may take START seconds, the first run LIMIT, and each line its seconds and LIMIT; an alarm ends the process there, and if that does not, the bench does.
"""
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np

import cpu_compilers
import cpu_engines as engines

START_SECONDS = 120
MARGIN_SECONDS = 5  # for an alarm that does not ring


class OverLimit(engines.Unfit):
    """One inference takes longer than is waited for."""

    def __init__(self, seconds):
        super().__init__(f"one inference takes more than {seconds:g} s")
        self.seconds = seconds


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
                self.start_ms = self._answer(start, engines.Unfit(f"it was not ready in {start:g} s"))["start_ms"]
                self.mib = self._answer(limit, OverLimit(limit))["mib"]
                with np.load(outputs) as arrays:
                    self.outputs = [arrays[str(place)] for place in range(len(arrays))]
            except BaseException:
                self.close()
                raise

    def turn(self, seconds):
        """The seconds of each run that begins within `seconds`: of one at least."""
        with contextlib.suppress(BrokenPipeError):  # what the process answers says why
            self._process.stdin.write(f"{seconds}\n")
            self._process.stdin.flush()
        return self._answer(seconds + self._limit, OverLimit(self._limit))

    def close(self):
        self._process.kill()
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()
        self._said.close()

    def _answer(self, seconds, late):
        """The next line; the process has `seconds` for it and then `late` is raised."""
        rang = threading.Event()

        def ring():
            rang.set()
            self._process.kill()
        timer = threading.Timer(seconds + MARGIN_SECONDS, ring)
        timer.start()
        try:
            line = self._process.stdout.readline()
        finally:
            timer.cancel()
        if line.endswith("\n"):
            found = json.loads(line)
            if "error" in found:
                raise engines.Unfit(found["error"])
            return found
        status = self._process.wait()
        if status == -signal.SIGALRM or rang.is_set():
            raise late
        self._said.seek(0)
        last = (self._said.read().strip().splitlines() or ["no message"])[-1][:150]
        raise engines.Unfit(f"its process ended {f'by signal {-status}' if status < 0 else f'with {status}'}: {last}")


def mib(key):
    with open("/proc/self/status", encoding="utf-8") as stream:
        return next(int(line.split()[1]) / 1024 for line in stream if line.startswith(key + ":"))


@contextlib.contextmanager
def alarm(seconds):
    """What is within ends in so many seconds, or the process does."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # whatever a package has made of it
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    signal.setitimer(signal.ITIMER_REAL, seconds)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)


def run_for(seconds, run):
    """The seconds of each call of run() that begins within `seconds`."""
    times, end = [], time.perf_counter() + seconds
    while True:
        begin = time.perf_counter()
        run()
        now = time.perf_counter()
        times.append(now - begin)
        if now >= end:
            return times


def serve(answer, name, file, threads, library, outputs, start, limit):
    with alarm(float(start)):
        kind = next(kind for kind in (engines.Ours, *engines.PEERS, *cpu_compilers.COMPILERS) if kind.__name__ == name)
        kind.package()  # is not what the network takes
        np.random.RandomState(0)  # nor is what the inputs are drawn with
        before = mib("VmRSS")
        engine = kind(file, int(threads))
        arrays = engines.arrays_for(engine.inputs if kind is engines.Ours else engines.Ours(library, 1).inputs)
    answer({"start_ms": engine.start_ms})
    with alarm(float(limit)):
        found = engine.run(arrays)
    most = mib("VmHWM")
    np.savez(outputs, **{str(place): array for place, array in enumerate(found)})
    answer({"mib": most - before})
    for line in sys.stdin:
        with alarm(float(line) + float(limit)):
            times = run_for(float(line), lambda: engine.run(arrays))
        answer(times)


def main():
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the packages print is no answer

    def answer(value):
        print(json.dumps(value), file=out, flush=True)
    try:
        serve(answer, *sys.argv[1:])
    except Exception as error:  # noqa: BLE001  an engine may refuse in any way
        answer({"error": engines.first_line(error)})


if __name__ == "__main__":
    main()
