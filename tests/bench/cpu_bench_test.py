"""`./run bench cpu` on the demonstration network, with and without a peer: cpu_bench_test.py BUILD."""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
import unittest.mock
import xml.dom.minidom

BUILD = sys.argv.pop(1)
BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cpu_bench.py")
sys.path.insert(0, os.path.dirname(BENCH))
import cpu_bench  # noqa: E402
import cpu_compilers  # noqa: E402
import cpu_plot  # noqa: E402
import cpu_tables  # noqa: E402


def row(name, ours, peer, kind="float32"):
    return {"network": name, "type": kind, "least_ms": {"Tessera 1": ours, "Tessera 2": ours / 2, "ONNX Runtime 1": peer, "ONNX Runtime 2": peer}, "memory_mib": {}, "compilers": {}, "why_not": {}}


# A package tvm whose reader of TFLite does what the environment says.
STUBS = {"tflite.py": "raise ImportError\n", "tvm/__init__.py": "import os, types\nruntime = types.SimpleNamespace(enabled=lambda name: os.environ['STUB'] != 'no llvm')\n",
         "tvm/relax/__init__.py": "", "tvm/relax/frontend/__init__.py": "", "tvm/relax/frontend/tflite.py": "import os, time\nexec(os.environ['STUB'])\n"}


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
            self.assertTrue("TVM 1" in found["least_ms"] or "TVM" in found["why_not"])
            self.assertEqual(xml.dom.minidom.parse(plot).documentElement.tagName, "svg")

    def test_means_are_of_ratios_by_type(self):
        means = cpu_tables.summary([row("a", 1.0, 4.0), row("b", 4.0, 4.0), row("c", 3.0, 1.0, "int8"), {"network": "d", "least_ms": {}, "why_not": {}}])
        self.assertAlmostEqual(means["float32, 1 threads"]["ours_to_peer"], 0.5)
        self.assertAlmostEqual(means["int8, 1 threads"]["ours_to_peer"], 3.0)
        self.assertAlmostEqual(means["int8, 2 threads"]["ours_to_peer"], 1.5)

    def test_plot_leaves_out_what_has_no_peer(self):
        alone = {"network": "alone", "least_ms": {"Tessera 1": 1.0}, "why_not": {}}
        text = cpu_plot.plot({"processor": "a < b", "date": "d", "rows": [row("x & y", 9.0, 1.0), alone]})
        xml.dom.minidom.parseString(text)
        self.assertNotIn("alone", text)
        self.assertIn("9.00", text)

    def test_a_compiler_that_cannot_is_reported(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in STUBS.items():
                os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
                with open(os.path.join(folder, name), "w", encoding="utf-8") as stream:
                    stream.write(text)
            with open(os.path.join(folder, "model.tflite"), "wb"):
                pass
            sys.path.insert(0, folder)
            self.addCleanup(sys.path.remove, folder)
            self.addCleanup(lambda: [sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] in ("tvm", "tflite")])
            for stub, why in (("no llvm", "this apache-tvm has no LLVM"), ("raise ValueError('no such operation\\nat place')", "no such operation"),
                              ("os.abort()", "the compiler's process ended with -6"), ("time.sleep(100)", "not compiled in 1 s"), ("os._exit(0)", "the compiler's process ended with 0"),
                              ("raise ImportError('x')", "x"), ("def from_tflite(model): pass", "the package tflite is not installed")):
                row = {"start_ms": {}, "memory_mib": {}, "why_not": {}, "compilers": {}}
                with unittest.mock.patch.dict(os.environ, STUB=stub, PYTHONPATH=folder):
                    self.assertEqual(list(cpu_bench.compiled(row, os.path.join(folder, "model.tflite"), [], 1 if "sleep" in stub else 60, folder)), [])
                self.assertEqual(row["why_not"], {"TVM": why})

    def test_an_engine_whose_first_run_ends_the_process(self):
        with unittest.mock.patch.dict(os.environ, TESSERA_BENCH_LIBRARY="no such"), self.assertRaisesRegex(cpu_bench.engines.Unfit, "its first run ended with 1: .*no such"):
            cpu_bench.in_a_process(cpu_bench.engines.Ours, "no such", 1)

    def test_open_extents_are_those_of_the_references(self):
        with tempfile.TemporaryDirectory() as folder:
            place = os.path.join(folder, "goldens", "onnxruntime", "a")
            os.makedirs(place)
            with open(os.path.join(place, "meta.json"), "w", encoding="utf-8") as stream:
                json.dump({"model": "onnx/a.onnx", "model_input_shapes": [["n", 3, "h"], ["w"]], "inputs": [{"shape": [1, 3, 48]}, {"shape": [192]}]}, stream)
            self.assertEqual(cpu_bench.engines.reference_extents(folder, os.path.join(folder, "onnx", "a.onnx")), {"n": 1, "h": 48, "w": 192})
            self.assertEqual(cpu_bench.engines.reference_extents(folder, os.path.join(folder, "onnx", "b.onnx")), {})

    def test_table_of_compilers(self):
        taken, other = row("taken", 2.0, 4.0), row("other", 1.0, 1.0)
        taken["least_ms"].update({"IREE 1": 8.0, "IREE 2": 10.0})
        taken["compilers"]["IREE"] = {"seconds": 12.34, "mib": 5.0, "apart": 1e-6}
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            cpu_tables.print_compilers([taken, other])
            cpu_tables.print_means(cpu_tables.summary([taken, other]))
            cpu_tables.print_why([{"network": str(i), "why_not": {"TVM": "not there", **({"IREE": "odd"} if i == 2 else {})}} for i in range(5)])
        head, line, *means, many, one = said.getvalue().splitlines()
        self.assertEqual(line.split(), ["taken", "2.000", "1.000", "8.000", "0.25", "10.000", "0.10", "12.3", "1.0e-06"])
        self.assertEqual(head.split()[-6:], ["TVM", "ratio", "comp", "s", "MiB", "apart"])
        self.assertIn("float32, 2 threads: 0.10 of IREE's time, geometric mean of 1 networks", means)
        self.assertEqual((many, one), ("5 networks, TVM: not there", "2, IREE: odd"))

    def test_plot_is_of_the_peer(self):
        text = row("a", 9.0, 1.0)
        text["least_ms"] = {"IREE 1": 90.0, **text["least_ms"]}
        self.assertEqual(cpu_plot.ratio_of(text, 1), 9.0)

    def test_distance(self):
        self.assertEqual(cpu_bench.apart([[1.0, 2.0]], [[1.0, 4.0]]), 0.5)
        self.assertIsNone(cpu_bench.apart([[1.0]], [[1.0, 4.0]]))


if __name__ == "__main__":
    unittest.main()
