"""Who waits for a cycle model may be interrupted: its builder then ends too, with its compilers, and leaves nothing behind.

usage: interrupt_test.py ROOT
"""
import glob
import os
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.abspath(sys.argv[1])
# As simulator/verilated starts it: in a process group of its own, which the terminal's Ctrl-C does not reach.
PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-B', *sys.argv[1:]], start_new_session=True)"


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def running_below(folder):
    """Processes that work in the folder."""
    found = []
    for entry in glob.glob("/proc/[0-9]*/cwd"):
        try:
            if os.readlink(entry).startswith(folder):
                found.append(entry)
        except OSError:
            pass
    return found


class InterruptTest(unittest.TestCase):
    def test_builder_ends_with_its_user(self):
        with tempfile.TemporaryDirectory() as folder:
            for stage in ("source", "fast.cpp"):  # Verilator works; clang works
                with self.subTest(stage):
                    parent = subprocess.Popen([sys.executable, "-c", PARENT, os.path.join(ROOT, "simulator/verilated/build_model.py"),
                                               "--machine", os.path.join(ROOT, "isa/machines/tiny.json"),
                                               "--out", os.path.join(folder, "model.so")])
                    self.assertTrue(wait_for(lambda: glob.glob(os.path.join(folder, ".build-*", stage)), 300))
                    parent.kill()
                    parent.wait()
                    self.assertTrue(wait_for(lambda: os.listdir(folder) == [], 30), os.listdir(folder))
                    self.assertTrue(wait_for(lambda: running_below(folder) == [], 30), running_below(folder))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
