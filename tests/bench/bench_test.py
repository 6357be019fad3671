"""`./run bench` on its quickest lines: the table and the JSON say the same, what cannot be measured is said so and never a number.

usage: bench_test.py ROOT BUILD
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

ROOT, BUILD = map(os.path.abspath, sys.argv[1:3])
sys.path.insert(0, os.path.join(ROOT, "tests", "bench"))

import bench_table  # noqa: E402
from lines import LINES, Line  # noqa: E402

KEYS = ["key", "what", "unit", "ours", "runs", "reaches", "target", "aim", "ideal", "more_is_better", "peer", "peer_is"]


class BenchTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.json = os.path.join(folder.name, "bench.json")

    def bench(self, *arguments, build=BUILD, models="/nowhere"):
        return subprocess.run([sys.executable, "-B", os.path.join(ROOT, "tests", "bench", "bench_table.py"), "--build", build, *arguments],
                              capture_output=True, text=True, timeout=600, check=False, env={**os.environ, "TESSERA_MODELS": models})

    def test_what_is_measured(self):
        result = self.bench("--only", "vta_16x16", "--json", self.json)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        with open(self.json, encoding="utf-8") as stream:
            document = json.load(stream)
        for key in ("date", "commit", "processor", "cores", "system", "times"):
            self.assertTrue(document[key], key)
        self.assertEqual([list(entry) for entry in document["lines"]], [KEYS])
        with open(os.path.join(ROOT, "tests", "e2e", "vta_programs.json"), encoding="utf-8") as stream:
            cycles = json.load(stream)["overlapped_16x16"]["pynq"]
        self.assertEqual(document["lines"][0]["ours"], cycles)
        line = next(line for line in result.stdout.splitlines() if line.startswith("VTA 16x16"))
        self.assertEqual(line.split("1  ")[-1].split()[:5], ["cycles", "<=", "170", str(cycles), "yes"])

    def test_what_is_not_there(self):
        for only, build, reason in (("ic_tiny", BUILD, "TESSERA_MODELS"), ("resnet18_pynq", "/nowhere", "is not built"), ("vta_16x16", "/nowhere", "No such file")):
            with self.subTest(only=only):
                result = self.bench("--only", only, "--json", self.json, build=build)
                self.assertEqual(result.returncode, 0, result.stderr)
                with open(self.json, encoding="utf-8") as stream:
                    entry = json.load(stream)["lines"][0]
                self.assertEqual((entry["ours"], entry["runs"], entry["reaches"]), (None, [], ""))
                self.assertIn(reason, entry["not_measured"])
                self.assertIn("not measured", result.stdout)

    def test_verdicts(self):
        fewer, more = Line("", "", "", None, 10, 5), Line("", "", "", None, 10, 20, more_is_better=True)
        self.assertEqual([bench_table.verdict(fewer, value) for value in (11, 10, 6, 5)], ["no", "yes", "yes", "aim"])
        self.assertEqual([bench_table.verdict(more, value) for value in (9, 10, 19, 20)], ["no", "yes", "yes", "aim"])
        self.assertEqual(bench_table.verdict(Line("", "", "", None), 1), "")

    def test_wrong_usage(self):
        self.assertEqual(self.bench("--only", "abacus").returncode, 1)
        self.assertEqual(self.bench("--only", "vta_16x16", "--runs", "0").returncode, 1)
        result = self.bench("--only", "vta_16x16", "--json", "/dev/full")
        self.assertEqual((result.returncode, result.stderr), (1, "error: cannot write /dev/full: No space left on device\n"))

    def test_lines(self):
        self.assertEqual(len({line.key for line in LINES}), len(LINES))
        for line in LINES:
            if line.target is not None and line.aim is not None:
                self.assertEqual(line.aim > line.target, line.more_is_better, line.key)
            self.assertEqual(line.peer is None, not line.peer_is, line.key)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
