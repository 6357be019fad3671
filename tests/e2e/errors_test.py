"""What goes wrong outside is told in one line, with status 1, and never a crash or a hang.

usage: errors_test.py TESSERA [SEED [TEST...]]
"""
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import unittest

import numpy as np

import networks

TESSERA = sys.argv[1]
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 20
MODEL = networks.model_path("shapes")
INPUT = os.path.join(os.path.dirname(MODEL), "sheet.npy")


def limit_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (16384, resource.RLIM_INFINITY))


class ErrorsTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(lambda: subprocess.run(["rm", "-rf", self.folder], check=False))
        self.one = self.path("one.npy")
        np.save(self.one, np.load(INPUT)[:1])

    def path(self, name, content=None):
        path = os.path.join(self.folder, name)
        if content is not None:
            with open(path, "wb") as stream:
                stream.write(content)
        return path

    def tessera(self, *arguments, **more):
        return subprocess.run([TESSERA, *arguments], capture_output=True, text=True, timeout=600, check=False, **more)

    def run_model(self, model=MODEL, *arguments, **more):
        return self.tessera("run", model, "--input", self.one, "--device", "functional", *arguments, **more)

    def assert_error(self, result, *texts):
        self.assertEqual(result.returncode, 1, f"{result.args}: {result.stderr}")
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertTrue(result.stderr.startswith("error: "), result.stderr)
        for text in texts:
            self.assertIn(text, result.stderr)

    def assert_done_or_error(self, result):
        if result.returncode != 0:
            self.assert_error(result)

    def test_nothing_wrong(self):
        result = self.run_model()
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_missing_files(self):
        self.assert_error(self.run_model("/nowhere/net.tflite"), "/nowhere/net.tflite", "No such file")
        self.assert_error(self.run_model(self.folder), "Is a directory")
        self.assert_error(self.tessera("run", MODEL, "--input", "/nowhere/x.npy", "--device", "cpu"), "/nowhere/x.npy")
        self.assert_error(self.tessera("compile", "/nowhere/net.tflite", "-o", self.path("x.tsr")), "/nowhere/net.tflite")
        self.assertFalse(os.path.exists(self.path("x.tsr")))

    def test_before_anything_is_compiled(self):
        """What is wrong with the command is said of a model that cannot be compiled too."""
        broken = self.path("broken.tflite", b"\0\0\0\0TFL3 and rubbish")
        labels = self.path("labels.npy")
        np.save(labels, np.zeros(1, np.int32))
        for text, arguments in (("cannot read /nowhere/x.npy: No such file", ("run", broken, "--input", "/nowhere/x.npy")),
                                ("cannot read /nowhere/x.npy: No such file", ("profile", broken, "--input", "/nowhere/x.npy")),
                                ("cannot read /nowhere/y.npy: No such file", ("eval", broken, "--samples", self.one, "--labels", "/nowhere/y.npy")),
                                ("cannot read /nowhere/z.npy: No such file", ("eval", broken, "--samples", self.one, "--labels", labels, "--reference", "/nowhere/z.npy")),
                                ("cannot write /nowhere/x.json: No such file", ("run", broken, "--input", self.one, "--json", "/nowhere/x.json")),
                                ("the CPU has no waveform", ("run", broken, "--input", self.one, "--device", "cpu", "--wave", self.path("x.fst"))),
                                ("no device named gpu; this build has functional, cycle, systemc, cpu", ("run", broken, "--input", self.one, "--device", "gpu")),
                                ("--memory bench,latency=-3: -3 is negative", ("run", broken, "--input", self.one, "--device", "cycle", "--memory", "bench,latency=-3")),
                                ("cannot write /nowhere/x.tsr: No such file", ("compile", broken, "-o", "/nowhere/x.tsr")),
                                ("stdout takes one of --output and --json", ("compile", broken, "-o", "-", "--json", "-")),
                                ("cannot make folder /proc/version/out: Not a directory", ("compile", broken, "-o", "/proc/version/out", "--target", "x86_64-linux-gnu"))):
            with self.subTest(text):
                self.assert_error(self.tessera(*arguments), text)
        for seconds in ("0", "-1", "soon", "inf", "nan"):
            result = self.tessera("run", broken, "--input", self.one, "--timeout", seconds)
            self.assertEqual((result.returncode, result.stderr), (2, f"error: --timeout: {seconds} is no number of seconds above 0 (tessera --help)\n"))

    def test_wrong_names(self):
        self.assert_error(self.run_model(MODEL, "--machine", "nothing"), "nothing")
        self.assert_error(self.tessera("run", MODEL, "--input", self.one, "--device", "abacus"), "abacus")
        self.assert_error(self.tessera("run", MODEL, "--input", self.one, "--device", "cycle", "--memory", "sieve"), "sieve")

    def test_commands_that_there_are_not(self):
        result = self.tessera("frobnicate", "x")
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stderr, "error: there is no command frobnicate (tessera --help)\n")

    def test_machine_files(self):
        empty, broken = self.path("empty.json", b""), self.path("broken.json", b"{\n")
        self.assert_error(self.run_model(MODEL, "--machine", empty), f"error: {empty}: the machine file is empty")
        self.assert_error(self.run_model(MODEL, "--machine", broken), f"error: {broken}: line 2")

    def test_images_know_their_machine(self):
        image = self.path("own.tsr")
        self.assertEqual(self.tessera("compile", MODEL, "--machine", "tiny", "-o", image).returncode, 0)
        report = self.path("report.json")
        self.assertEqual(self.run_model(image, "--json", report).returncode, 0)
        with open(report) as stream:
            self.assertEqual(json.load(stream)["machine"], "tiny")
        self.assert_error(self.run_model(image, "--machine", "pynq"), "machine pynq has", "made for machine tiny")
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../isa/machines/pynq.json")) as stream:
            own = self.path("own.json", json.dumps(dict(json.load(stream), name="ours", inp_depth=1024)).encode())
        self.assertEqual(self.tessera("compile", MODEL, "--machine", own, "-o", image).returncode, 0)
        self.assert_error(self.run_model(image), "made for machine ours, which this build does not know")
        self.assertEqual(self.run_model(image, "--machine", own).returncode, 0)

    @unittest.skipIf(os.uname().machine != "x86_64", "the processors are x86's")
    def test_images_know_their_processor(self):
        with open("/proc/cpuinfo", encoding="utf-8") as stream:
            flags = set(next(line for line in stream if line.startswith("flags")).split())
        expected = np.load(os.path.join(os.path.dirname(MODEL), "sheet_expected.npy"))[0].reshape(-1)
        image, refused = self.path("processor.tsr"), 0
        # No processor has both what the first two need.
        for name, feature in (("bdver4", "xop"), ("skylake-avx512", "avx512vl"), ("x86-64-v3", "avx2"), ("native", "fpu"), ("", "fpu")):
            with self.subTest(name):
                self.assertEqual(self.tessera("compile", MODEL, "--cpu", *filter(None, [name]), "-o", image).returncode, 0)
                result = self.tessera("run", image, "--input", self.one, "--device", "cpu", "--output", self.path("answers"))
                if feature not in flags:
                    refused += 1
                    self.assert_error(result, f"error: {image}: the code is for processor {name}, and this one, ", ", has no ", feature)
                else:
                    self.assertEqual(result.returncode, 0, result.stderr)
                    np.testing.assert_array_equal(np.load(self.path("answers/output_0.npy")).reshape(-1), expected)
        self.assertGreater(refused, 0)

    def test_memory_models_that_change_nothing_are_told(self):
        result = self.run_model(MODEL, "--memory", "ddr3")
        self.assertEqual(result.returncode, 0)
        self.assertIn("warning: --memory ddr3 changes nothing on device functional", result.stderr)

    def test_no_models(self):
        for name, content in (("empty", b""), ("text", b"hello, this is no model at all\n"), ("header", b"\x1c\0\0\0TFL3"),
                              ("zeros", bytes(4096))):
            self.assert_error(self.run_model(self.path(name, content)))

    def test_truncated_models(self):
        with open(MODEL, "rb") as stream:
            content = stream.read()
        generator = random.Random(SEED)
        for length in [8, 16, 100, len(content) // 2, len(content) - 1] + [generator.randrange(len(content)) for _ in range(5)]:
            with self.subTest(length=length, seed=SEED):
                self.assert_error(self.tessera("compile", self.path("cut.tflite", content[:length]), "-o", self.path("cut.tsr")))

    def test_corrupted_models(self):
        with open(MODEL, "rb") as stream:
            content = bytearray(stream.read())
        generator = random.Random(SEED)
        tables = 12000  # tables stand before and after the weights; damage both ends
        for round_ in range(20):
            damaged = bytearray(content)
            for _ in range(generator.randrange(1, 8)):
                place = generator.randrange(tables) if generator.random() < 0.7 else len(content) - 1 - generator.randrange(tables)
                damaged[place] = generator.randrange(256)
            with self.subTest(round=round_, seed=SEED):
                self.assert_done_or_error(self.tessera("compile", self.path("bad.tflite", damaged), "-o", self.path("bad.tsr")))

    def test_impossible_shapes(self):
        with open(MODEL, "rb") as stream:
            content = stream.read()
        shape = np.array([1, 32, 32, 3], "<i4").tobytes()
        self.assertIn(shape, content)
        for wrong in ([1, -32, 32, 3], [1, 0, 32, 3], [1, 2147483647, 2147483647, 3], [1, 32, 32, 4], [1, 65536, 65536, 65536], [7, 32, 32, 3]):
            with self.subTest(wrong):
                damaged = content.replace(shape, np.array(wrong, "<i4").tobytes(), 1)
                self.assert_error(self.tessera("compile", self.path("shape.tflite", damaged), "-o", self.path("shape.tsr")))

    def test_images(self):
        image = self.path("net.tsr")
        self.assertEqual(self.tessera("compile", MODEL, "--machine", "tiny", "-o", image).returncode, 0)
        self.assertEqual(self.run_model(image, "--machine", "tiny").returncode, 0)
        self.assert_error(self.run_model(image, "--machine", "pynq"), "configuration")
        self.assertEqual(self.tessera("info", image).returncode, 0)
        with open(image, "rb") as stream:
            content = bytearray(stream.read())
        generator = random.Random(SEED)
        for length in [0, 7, 40, len(content) // 2, len(content) - 1]:
            with self.subTest(length=length):
                self.assert_error(self.run_model(self.path("cut.tsr", content[:length]), "--machine", "tiny"))
        for round_ in range(10):
            place = generator.randrange(len(content))
            damaged = bytearray(content)
            damaged[place] ^= 1 << generator.randrange(8)
            with self.subTest(round=round_, place=place, seed=SEED):
                self.assert_error(self.run_model(self.path("bad.tsr", damaged), "--machine", "tiny"))

    def test_wrong_inputs(self):
        good = np.load(self.one)
        for name, array in (("float", good.astype(np.float32)), ("small", good[:, :31]), ("flat", good.reshape(-1)[:100])):
            with self.subTest(name):
                path = self.path(name + ".npy")
                np.save(path, array)
                self.assert_error(self.tessera("run", MODEL, "--input", path, "--device", "cpu"), "input")
        self.assert_error(self.tessera("run", MODEL, "--input", self.path("bad.npy", b"\x93NUMPY rubbish"), "--device", "cpu"), "npy")
        self.assert_error(self.tessera("run", MODEL, "--input", self.path("short.bin", bytes(3071)), "--device", "cpu"), "3071 bytes")

    def test_full_disk(self):
        self.assert_error(self.run_model(MODEL, "--json", "/dev/full"), "No space left on device")
        image = self.path("big.tsr")
        self.assert_error(self.tessera("compile", MODEL, "-o", image, preexec_fn=limit_files), "File too large")
        self.assertEqual([name for name in os.listdir(self.folder) if name.startswith("big")], [])
        self.assert_error(self.tessera("compile", MODEL, "-o", "/dev/full"), "No space left on device")

    def test_folders_that_cannot_be_written(self):
        self.assert_error(self.run_model(MODEL, "--output", self.path("file", b"") + "/out"), "file")
        self.assert_error(self.run_model(MODEL, "--output", "/proc/tessera"), "/proc/tessera")
        self.assert_error(self.tessera("compile", MODEL, "-o", "/nowhere/x.tsr"), "/nowhere/x.tsr")

    def test_deadlock(self):
        source = self.path("stuck.s", b"gemm uop=[0,1) iter=(1,1) pop_prev\nfinish\n")
        program = self.path("stuck.bin")
        self.assertEqual(self.tessera("asm", source, "-o", program).returncode, 0)
        for device in ("functional", "cycle"):
            with self.subTest(device):
                result = self.tessera("exec", "--device", device, "--machine", "pynq", "--write", f"0={program}", "--count", "2")
                self.assert_error(result, "DEADLOCK at instruction 0")

    def test_device_that_computes_nothing(self):
        self.assert_error(self.tessera("run", MODEL, "--input", self.one, "--device", "null"), "device null computes nothing")

    def test_waveforms(self):
        """What cannot be written, and windows that show nothing."""
        wave = self.path("x.fst")
        run = lambda *arguments: self.tessera("run", MODEL, "--input", self.one, "--device", "cycle", "--machine", "tiny", "--quiet", *arguments)
        self.assert_error(run("--wave", "/nowhere/x.fst"), "cannot write /nowhere/x.fst")
        self.assert_error(run("--wave", wave, "--wave-from", "30", "--wave-to", "20"), "--wave-from 30 is after --wave-to 20")
        self.assertEqual(run("--wave-from", "30").returncode, 2)
        self.assert_error(run("--wave", wave, "--wave-from", "1000000"), "no launch came to instruction 1000000")
        self.assertFalse(os.path.exists(wave))
        result = run("--wave", wave, "--wave-to", "3")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertGreater(os.path.getsize(wave), 1000)
        for device in ("functional", "systemc", "cpu"):
            self.assert_error(self.tessera("run", MODEL, "--input", self.one, "--device", device, "--wave", wave), "no waveform")

    def test_json_stands_alone_on_stdout(self):
        for device in ("cpu", "functional", "cycle", "systemc"):
            result = self.tessera("run", MODEL, "--input", self.one, "--device", device, "--machine", "tiny", "--json", "-")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertEqual(json.loads(result.stdout)["device"], device)

    def test_device_memory_too_small(self):
        self.assert_error(self.run_model(MODEL, "--dram", "4096"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
