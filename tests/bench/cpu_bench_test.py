"""`./run bench cpu` on the demonstration network, with and without a peer: cpu_bench_test.py BUILD."""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
import types
import unittest
import unittest.mock
import xml.dom.minidom

import numpy

BUILD = sys.argv.pop(1)
BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cpu_bench.py")
SHAPES = os.path.join(os.path.dirname(BENCH), "..", "..", "examples", "shapes", "shapes.tflite")
sys.path.insert(0, os.path.dirname(BENCH))
import cpu_bench  # noqa: E402
import cpu_cache  # noqa: E402
import cpu_compilers  # noqa: E402
import cpu_plot  # noqa: E402
import cpu_tables  # noqa: E402


def row(name, ours, peer, kind="float32"):
    return {"network": name, "type": kind, "least_ms": {"Tessera 1": ours, "Tessera 2": ours / 2, "ONNX Runtime 1": peer, "ONNX Runtime 2": peer}, "memory_mib": {}, "compilers": {}, "why_not": {}}


class Stub:
    """A compiler that writes the network's bytes, and an engine of them."""
    label, packages, made, endings, threads, flags = "TVM", (), "network.txt", (".tflite",), (1,), ("-O1",)

    @staticmethod
    def package():
        pass

    @staticmethod
    def compile(model, shapes, file):
        raise AssertionError("only in a process of its own")


# A package tvm whose reader of TFLite does what the environment says.
STUBS = {"tflite.py": "raise ImportError\n", "tvm/__init__.py": "import os, types\nruntime = types.SimpleNamespace(enabled=lambda name: os.environ['STUB'] != 'no llvm')\n",
         "tvm/relax/__init__.py": "", "tvm/relax/frontend/__init__.py": "", "tvm/relax/frontend/tflite.py": "import os, time\nexec(os.environ['STUB'])\n"}

# A package onnxruntime that says what ours does, where the environment lets it.
ONNX_RUNTIME = """import os, signal, time
import cpu_engines
count, change = 0, False
cpu_process_out = 3
class SessionOptions:
    pass
class InferenceSession:
    def __init__(self, *a, **b):
        exec(os.environ["LOAD"])
        self.ours = cpu_engines.Ours(os.environ["LIBRARY"], 1)
    def get_inputs(self):
        return []
    def run(self, *a):
        global count
        count += 1
        exec(os.environ["RUN"], globals())
        outputs = self.ours.run(cpu_engines.arrays_for(self.ours.inputs))
        return [2 * output for output in outputs] if change else outputs
"""


class CpuBench(unittest.TestCase):
    def test_demonstration(self):
        with tempfile.TemporaryDirectory() as folder:
            report, plot = os.path.join(folder, "b.json"), os.path.join(folder, "b.svg")
            command = [sys.executable, "-B", BENCH, "--build", BUILD, "--only", "shapes.tflite", "--seconds", "0.05", "--rounds", "2", "--cache", os.path.join(folder, "cache"), "--json", report, "--svg", plot]
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

    def test_wrong_arguments_end_before_anything_is_measured(self):
        with tempfile.TemporaryDirectory() as folder:
            for arguments, said in ((("--only", "nosuchnet"), "no network's name holds nosuchnet; --list has them all"), (("--json", os.path.join(folder, "no", "x.json")), "cannot write"), (("--svg", folder), "cannot write")):
                result = subprocess.run([sys.executable, "-B", BENCH, "--build", BUILD, "--only", "shapes.tflite", *arguments], capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual((result.returncode, result.stdout), (2, ""))
                self.assertIn(said, result.stderr)

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
                              ("os.abort()", "the compiler's process ended by signal 6"), ("time.sleep(100)", "not compiled in 1 s"), ("os._exit(0)", "the compiler's process ended with 0"),
                              ("raise ImportError('x')", "x"), ("def from_tflite(model): pass", "the package tflite is not installed")):
                row = {"why_not": {}, "compilers": {}}
                options = types.SimpleNamespace(cache=os.path.join(folder, why), limit=1 if "sleep" in stub else 60)
                with unittest.mock.patch.dict(os.environ, STUB=stub, PYTHONPATH=folder):
                    self.assertEqual(list(cpu_bench.compiled(row, os.path.join(folder, "model.tflite"), {}, [], options)), [])
                self.assertEqual(row["why_not"], {"TVM": why})

    def made_by(self, folder, *, fails=None, calls):
        """What stands for cpu_compilers.made: writes a file, or fails."""
        def made(compiler, model, shapes, file, limit):
            calls.append((shapes, limit))
            if fails:
                raise fails
            with open(model, "rb") as stream, open(file, "wb") as to:
                to.write(stream.read())
            return {"seconds": 2.5, "mib": 7.0}
        return unittest.mock.patch.object(cpu_compilers, "made", made)

    def test_what_was_compiled_is_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            cache, calls, model = cpu_cache.Cache(os.path.join(folder, "cache")), [], os.path.join(folder, "model.tflite")
            with open(model, "w", encoding="utf-8") as stream:
                stream.write("one")

            def get(limit=60, extents=None):
                return cache.get(Stub, model, extents or {}, lambda: [[1, 2]], limit)
            with self.made_by(folder, calls=calls):
                file, facts = get()
                self.assertEqual((get(), calls), ((file, facts), [([[1, 2]], 60)]))
                self.assertEqual((facts["seconds"], os.path.basename(file)), (2.5, "network.txt"))
                with open(file, encoding="utf-8") as stream:
                    self.assertEqual(stream.read(), "one")
                # Whatever decides the file is in its key.
                self.assertNotEqual(get(extents={"n": 2})[0], file)
                with unittest.mock.patch.object(Stub, "flags", ("-O2",)):
                    self.assertNotEqual(get()[0], file)
                with unittest.mock.patch.object(cpu_cache, "version", lambda package: "2"), unittest.mock.patch.object(Stub, "packages", ("a",)):
                    self.assertNotEqual(get()[0], file)
                with open(model, "w", encoding="utf-8") as stream:
                    stream.write("two")
                self.assertNotEqual(get()[0], file)
                self.assertEqual(len(calls), 5)
                self.assertEqual(len(os.listdir(cache.folder)), 5)  # and nothing half made

    def test_why_there_is_nothing_is_kept(self):
        with tempfile.TemporaryDirectory() as folder:
            cache, model = cpu_cache.Cache(os.path.join(folder, "cache")), os.path.join(folder, "model.tflite")
            with open(model, "wb"):
                pass

            def get(limit):
                return cache.get(Stub, model, {}, list, limit)
            for fails, again in ((cpu_compilers.TooSlow("not compiled in 60 s"), (60, 30)), (cpu_bench.engines.Unfit("no such operation"), (60, 30, 1000))):
                calls = []
                with self.made_by(folder, fails=fails, calls=calls):
                    for limit in (60, *again):
                        with self.assertRaisesRegex(cpu_bench.engines.Unfit, str(fails)):
                            get(limit)
                    self.assertEqual(len(calls), 1)
                    if isinstance(fails, cpu_compilers.TooSlow):  # it may have more time now
                        with self.assertRaises(cpu_bench.engines.Unfit):
                            get(90)
                        self.assertEqual(len(calls), 2)
                cpu_cache.shutil.rmtree(cache.folder)
            # Somebody killed it, or the bench was interrupted: another time it may do.
            for fails in (cpu_compilers.Killed("killed"), KeyboardInterrupt()):
                with self.made_by(folder, fails=fails, calls=[]), self.assertRaises(type(fails)):
                    get(60)
                self.assertEqual(os.listdir(cache.folder), [])
            with self.made_by(folder, calls=[]):
                self.assertEqual(get(60)[1]["mib"], 7.0)

    def test_prepare_goes_on_where_it_was_interrupted(self):
        with tempfile.TemporaryDirectory() as folder:
            networks, calls = [], []
            for name in ("a", "b"):
                path = os.path.join(folder, name + ".tflite")
                with open(path, "w", encoding="utf-8") as stream:
                    stream.write(name)
                networks.append((name, path, None))
            options = types.SimpleNamespace(cache=os.path.join(folder, "cache"), limit=60, models=folder)

            def prepare(of):
                said = io.StringIO()
                with contextlib.redirect_stdout(said), unittest.mock.patch.object(cpu_compilers, "COMPILERS", (Stub,)), self.made_by(folder, calls=calls), \
                        unittest.mock.patch.object(cpu_bench.engines, "compile_ours", lambda *_: ("library",)), \
                        unittest.mock.patch.object(cpu_bench.engines, "Ours", lambda *_: types.SimpleNamespace(inputs=[("x", "int8", (1, 3))])):
                    cpu_bench.prepare(of, "tessera", options)
                return said.getvalue().splitlines()
            self.assertEqual(prepare(networks[:1]), ["1 of 1  a, TVM: compiled in 2.5 s", "TVM: 1 of 1 networks compiled"])
            self.assertEqual(prepare(networks), ["1 of 2  a, TVM: compiled in 2.5 s, before", "2 of 2  b, TVM: compiled in 2.5 s", "TVM: 2 of 2 networks compiled"])
            self.assertEqual(calls, [([[1, 3]], 60)] * 2)

    def test_time_over_the_limit_stands_for_the_time(self):
        slow = row("slow", 2.0, 4.0)
        slow["over_ms"] = {"TVM 1": 5000.0}
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            cpu_tables.print_compilers([slow])
            cpu_tables.print_means(cpu_tables.summary([slow]))
        self.assertEqual(said.getvalue().splitlines()[1].split(), ["slow", "2.000", "1.000", ">5000"])
        self.assertIn("float32, 1 threads: 0.00 of TVM's time at most, geometric mean of 1 networks, 1 of them over the limit, which stands for their time", said.getvalue())

    @contextlib.contextmanager
    def stub_of_onnx_runtime(self, folder, **environment):
        with open(os.path.join(folder, "onnxruntime.py"), "w", encoding="utf-8") as stream:
            stream.write(ONNX_RUNTIME)
        with unittest.mock.patch.dict(os.environ, PYTHONPATH=folder, **{"LOAD": "", "RUN": "", **environment}):
            yield

    def test_engines_that_fail_leave_the_others(self):
        names = ["ONNX Runtime 1", "ONNX Runtime 2", "Tessera 1", "Tessera 2"]
        with tempfile.TemporaryDirectory() as folder:
            library = cpu_bench.engines.compile_ours(os.path.join(BUILD, "tools", "tessera"), SHAPES, os.path.join(folder, "made"), {})[0]
            ours, theirs = (cpu_bench.engines.Ours, library, (1, 2)), (cpu_bench.engines.OnnxRuntime, "x.onnx", (1, 2))
            late, first, ended = "one inference takes more than 2 s", {"ONNX Runtime 1": 2000}, "its process ended by signal {}: no message"
            for case, why, over, distance in (({"RUN": "os.abort()"}, ended.format(6), {}, None), ({"RUN": "time.sleep(100)"}, late, first, None), ({"LOAD": "os._exit(3)"}, "its process ended with 3: no message", {}, None),
                                              ({"LOAD": "raise ValueError('no such operation')"}, "no such operation", {}, None), ({"RUN": "if count == 3: os.kill(os.getpid(), 11)"}, ended.format(11), {}, 0),
                                              ({"RUN": "if count == 3: time.sleep(100)"}, late, {**first, "ONNX Runtime 2": 2000}, 0), ({"RUN": "if count == 2: os.write(cpu_process_out, b'[0.1, ')\nif count == 2: os._exit(0)"}, "its process ended with 0: no message", {}, 0),
                                              ({"RUN": "print('said')"}, None, {}, 0), ({"RUN": "change = True"}, None, {}, 1)):
                found = {"start_ms": {}, "memory_mib": {}, "over_ms": {}, "why_not": {}, "compilers": {}}
                with self.subTest(case), self.stub_of_onnx_runtime(folder, LIBRARY=library, **case), unittest.mock.patch.object(cpu_bench.cpu_process, "START_SECONDS", 2), contextlib.ExitStack() as stack:
                    runners = cpu_bench.started(found, [ours, theirs], library, 1, stack)
                    times = cpu_bench.measure(runners, 0.02, 2, found)
                    self.assertEqual(found["why_not"], {"ONNX Runtime": why} if why else {})
                    self.assertEqual(sorted(times), names[2:] if why else names)
                    self.assertTrue(found["same_bytes_on_two_threads"])
                    self.assertTrue(all(values and min(values) > 0 for values in times.values()))
                    self.assertEqual(found.get("apart") and 1, distance)
                    self.assertEqual(found["over_ms"], over)

    def test_bytes_of_two_threads_that_differ_are_told(self):
        found = {}
        cpu_bench.compare(found, cpu_bench.engines.Ours, "Tessera 2", types.SimpleNamespace(outputs=[numpy.float32(0)]), types.SimpleNamespace(outputs=[numpy.float32(-0.0)]))
        self.assertIs(found["same_bytes_on_two_threads"], False)

    def test_an_engine_that_is_never_ready(self):
        with tempfile.TemporaryDirectory() as folder:
            for load in ("time.sleep(100)", "signal.signal(signal.SIGALRM, lambda *_: None); [time.sleep(100) for _ in range(9)]", "os.kill(os.getpid(), signal.SIGSTOP)"):
                with self.stub_of_onnx_runtime(folder, LOAD=load), unittest.mock.patch.object(cpu_bench.cpu_process, "MARGIN_SECONDS", 1), self.assertRaisesRegex(cpu_bench.engines.Unfit, "it was not ready in 2 s"):
                    cpu_bench.cpu_process.Process(cpu_bench.engines.OnnxRuntime, "x.onnx", 1, "no library", 5, start=2)

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
