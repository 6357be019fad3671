"""`tessera quantize`: its files in and out, and one line for each error.

usage: command_test.py TESSERA WRITE_TINY ROOT
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np

TESSERA, WRITE_TINY, ROOT = sys.argv[1:4]
ONE = (1, 2, 4, 4)


class QuantizeTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(lambda: subprocess.run(["rm", "-rf", self.folder], check=False))
        self.data, self.model, self.out = (os.path.join(self.folder, name) for name in ("data", "net.onnx", "int8.onnx"))
        os.mkdir(self.data)
        subprocess.run([WRITE_TINY, self.model], check=True)
        self.cases = np.random.default_rng(3).uniform(-1, 1, (4, 2, 4, 4)).astype(np.float32)

    def save(self, name, array):
        np.save(os.path.join(self.data, name), array)

    def quantize(self, *more, model=None, data=None, out=None):
        return subprocess.run([TESSERA, "quantize", model or self.model, "--calibrate", data or self.data, "-o", out or self.out, *more],
                              capture_output=True, text=True, timeout=120, check=False)

    def assert_error(self, result, *texts):
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        for text in texts:
            self.assertIn(text, result.stderr)
        self.assertFalse(os.path.exists(self.out))

    def report(self, *more):
        result = self.quantize("--json", "-", *more)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return json.loads(result.stdout)

    def test_a_folder_of_files_is_all_their_cases(self):
        self.save("b.npy", self.cases[:3])
        self.save("a.npy", self.cases[3])  # one case without the batch
        report = self.report()
        self.assertEqual(report["cases"], 4)
        with open(self.out, "rb") as stream:
            several = stream.read()
        os.remove(os.path.join(self.data, "a.npy"))
        self.save("b.npy", self.cases)
        self.assertEqual(self.report()["layers"][0]["high"], report["layers"][0]["high"])
        with open(self.out, "rb") as stream:
            self.assertEqual(stream.read(), several)  # the same cases, the same file

    def test_what_is_written_runs_and_is_near(self):
        self.save("a.npy", self.cases)
        result = self.quantize()
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"output y: \d\d\.\d dB\n$")
        outputs = []
        for model in (self.model, self.out):
            folder = os.path.join(self.folder, "out")
            subprocess.run([TESSERA, "run", model, "--device", "cpu", "--input", os.path.join(self.data, "a.npy"), "--output", folder, "--quiet"],
                           check=True, timeout=120)
            outputs.append(np.load(os.path.join(folder, "output_0.npy")))
        self.assertLess(np.abs(outputs[0] - outputs[1]).max(), 0.03 * np.abs(outputs[0]).max())

    def test_power_of_two(self):
        self.save("a.npy", self.cases)
        for layer in self.report("--power-of-two")["layers"]:
            self.assertEqual((np.frexp(layer["scale"])[0], layer["zero_point"]), (0.5, 0))

    def test_calibration_data_that_cannot_be_used(self):
        self.assert_error(self.quantize(data=os.path.join(self.folder, "absent")), "cannot read folder", "absent")
        self.assert_error(self.quantize(), "no .npy files in " + self.data)
        self.save("a.npy", self.cases[:, :, :3])
        self.assert_error(self.quantize(), "a.npy: float32[4,2,3,4] does not fit input x float32[1,2,4,4]")
        self.save("a.npy", self.cases.astype(np.float64))
        self.assert_error(self.quantize(), "a.npy: float64[4,2,4,4] does not fit")
        self.save("a.npy", self.cases[:0])
        self.assert_error(self.quantize(), "a.npy: float32[0,2,4,4] does not fit")
        bad = self.cases.copy()
        bad[2, 1, 0, 3] = np.nan
        self.save("a.npy", bad)
        self.assert_error(self.quantize(), "case 2: input 'x' has a NaN at element 19")
        with open(os.path.join(self.data, "a.npy"), "wb") as stream:
            stream.write(b"\x93NUMPY\x01\x00")
        self.assert_error(self.quantize(), "a.npy is no .npy file")

    def test_models_that_cannot_be_quantised(self):
        self.save("a.npy", self.cases)
        self.assert_error(self.quantize(model=os.path.join(self.folder, "absent.onnx")), "absent.onnx")
        self.assert_error(self.quantize(model=os.path.join(ROOT, "examples", "shapes", "shapes.tflite")), "only ONNX networks are quantised")
        self.assertEqual(self.quantize().returncode, 0)
        os.rename(self.out, self.model)
        self.assert_error(self.quantize(), "(QuantizeLinear", "the network is quantised already")

    def test_files_that_cannot_be_written(self):
        self.save("a.npy", self.cases)
        self.assert_error(self.quantize(out="/dev/full"), "/dev/full", "No space left")
        self.assert_error(self.quantize(out=os.path.join(self.folder, "no", "int8.onnx")), "no/int8.onnx")
        result = self.quantize("--json", "/dev/full")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/dev/full", result.stderr)

    def test_wrong_usage(self):
        for more in (("--range", "best"), ("--percentile", "x"), ()):
            result = subprocess.run([TESSERA, "quantize", self.model, "-o", self.out, *more], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(result.returncode, 2)
        self.save("a.npy", self.cases)
        self.assert_error(self.quantize("--range", "percentile", "--percentile", "20"), "percentile 20 is not above 50 and at most 100")
        self.assert_error(self.quantize("--machine", "absent"), "absent")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
