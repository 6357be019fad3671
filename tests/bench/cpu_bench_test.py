"""`./run bench cpu` on the demonstration network, with and without a peer: cpu_bench_test.py BUILD."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
import xml.dom.minidom

BUILD = sys.argv.pop(1)
BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cpu_bench.py")
sys.path.insert(0, os.path.dirname(BENCH))
import cpu_bench  # noqa: E402
import cpu_plot  # noqa: E402


def row(name, ours, peer, kind="float32"):
    return {"network": name, "type": kind, "least_ms": {"Tessera 1": ours, "Tessera 2": ours / 2, "ONNX Runtime 1": peer, "ONNX Runtime 2": peer}, "why_not": {}}


class CpuBench(unittest.TestCase):
    def test_demonstration(self):
        with tempfile.TemporaryDirectory() as folder:
            report, plot = os.path.join(folder, "b.json"), os.path.join(folder, "b.svg")
            command = [sys.executable, "-B", BENCH, "--build", BUILD, "--only", "shapes.tflite", "--seconds", "0.05", "--rounds", "2", "--json", report, "--svg", plot]
            result = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
            self.assertEqual(result.returncode, 0, result.stderr)
            with open(report, encoding="utf-8") as stream:
                facts = json.load(stream)
            (found,) = facts["rows"]
            self.assertTrue(found["same_bytes_on_two_threads"])
            self.assertEqual(found["multiply_accumulates"], 4413920)
            for key in ("Tessera 1", "Tessera 2"):
                self.assertGreater(found["least_ms"][key], 0)
                self.assertLessEqual(found["least_ms"][key], found["median_ms"][key])
            self.assertGreater(found["memory_mib"]["Tessera 1"], 0)
            self.assertGreater(facts["peak_gmacs"]["1"][0], 0)
            self.assertTrue("LiteRT 1" in found["least_ms"] or "LiteRT" in found["why_not"])
            self.assertEqual(xml.dom.minidom.parse(plot).documentElement.tagName, "svg")

    def test_means_are_of_ratios_by_type(self):
        means = cpu_bench.summary([row("a", 1.0, 4.0), row("b", 4.0, 4.0), row("c", 3.0, 1.0, "int8"), {"network": "d", "least_ms": {}, "why_not": {}}])
        self.assertAlmostEqual(means["float32, 1 threads"]["ours_to_peer"], 0.5)
        self.assertAlmostEqual(means["int8, 1 threads"]["ours_to_peer"], 3.0)
        self.assertAlmostEqual(means["int8, 2 threads"]["ours_to_peer"], 1.5)

    def test_plot_leaves_out_what_has_no_peer(self):
        alone = {"network": "alone", "least_ms": {"Tessera 1": 1.0}, "why_not": {}}
        text = cpu_plot.plot({"processor": "a < b", "date": "d", "rows": [row("x & y", 9.0, 1.0), alone]})
        xml.dom.minidom.parseString(text)
        self.assertNotIn("alone", text)
        self.assertIn("9.00", text)

    def test_distance(self):
        self.assertEqual(cpu_bench.apart([[1.0, 2.0]], [[1.0, 4.0]]), 0.5)
        self.assertIsNone(cpu_bench.apart([[1.0]], [[1.0, 4.0]]))


if __name__ == "__main__":
    unittest.main()
