"""`tessera run` on open extents and float16, and `tessera eval`: what they answer, and one line for each error.

usage: command_test.py TESSERA WRITE_TINY
"""
import json
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np

TESSERA, WRITE_TINY = sys.argv[1:3]
WEIGHTS = np.float32([[1, 2, 3], [4, 5, 6]])


class CommandTest(unittest.TestCase):
    KIND = "open"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.model, self.out = self.path("net.onnx"), self.path("out")
        subprocess.run([WRITE_TINY, self.model, self.KIND], check=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def saved(self, name, array):
        np.save(self.path(name), array)
        return self.path(name)

    def call(self, *arguments):
        return subprocess.run([TESSERA, *arguments], capture_output=True, text=True, timeout=120, check=False)

    def answer(self, *arguments):
        result = self.call(*arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def run_model(self, *inputs, model=None):
        self.answer("run", model or self.model, "--device", "cpu", "--quiet", "--output", self.out, *(w for i in inputs for w in ("--input", i)))

    def output(self, name="output_0"):
        return np.load(os.path.join(self.out, name + ".npy"))

    def assert_error(self, text, *arguments):
        result = self.call(*arguments)
        self.assertEqual((result.returncode, result.stderr.count("\n")), (1, 1), result.stderr)
        self.assertIn(text, result.stderr)


def samples(batch, sequence):
    return (np.random.default_rng(batch * 7 + sequence).integers(-9, 9, (batch, sequence, 2)).astype(np.float32),
            np.arange(batch, dtype=np.float32).reshape(batch, 1, 1))


def expected(x, s):
    return x @ WEIGHTS + s


class OpenTest(CommandTest):
    def test_one_image_takes_any_extents(self):
        image = self.path("net.tsr")
        self.answer("compile", self.model, "--cpu", "-o", image)
        for batch, sequence in ((1, 1), (3, 5), (2, 9)):
            x, s = samples(batch, sequence)
            self.run_model(self.saved("x.npy", x), self.saved("s.npy", s), model=image)
            np.testing.assert_array_equal(self.output(), expected(x, s))

    def test_further_files_are_further_cases_of_other_extents(self):
        cases = [samples(2, 4), samples(3, 1)]
        self.run_model(*(self.saved(f"{name}{i}.npy", array) for i, case in enumerate(cases) for name, array in zip("xs", case)))
        for i, case in enumerate(cases):
            np.testing.assert_array_equal(self.output(f"output_0_case_{i}"), expected(*case))

    def test_a_dimension_in_front_is_cases(self):
        x, s = (np.stack(arrays) for arrays in zip(samples(2, 4), samples(2, 4), samples(2, 4)))
        self.run_model(self.saved("x.npy", x), self.saved("s.npy", s))
        np.testing.assert_array_equal(self.output(), [expected(a, b) for a, b in zip(x, s)])

    def test_fixed_extents_are_fixed(self):
        x, s = samples(2, 4)
        inputs = ("--input", self.saved("x.npy", x), "--input", self.saved("s.npy", s), "--device", "cpu")
        self.answer("run", self.model, *inputs, "--extent", "batch=2", "--extent", "sequence=4")
        self.assert_error("x.npy: float32[2,4,2] does not fit input x float32[3,sequence,2]", "run", self.model, *inputs, "--extent", "batch=3")

    def test_extents_of_one_name_must_agree(self):
        inputs = ("--input", self.saved("x.npy", samples(2, 4)[0]), "--input", self.saved("s.npy", samples(3, 4)[1]))
        self.assert_error("two extents named 'batch' differ", "run", self.model, "--device", "cpu", *inputs)

    def test_a_name_that_no_input_has(self):
        self.assert_error("extent 2 is for 'bacth', and the inputs' open extents are 'batch', 'sequence'",
                          "compile", self.model, "--cpu", "--extent", "bacth=2", "-o", self.path("net.tsr"))
        self.answer("compile", self.model, "--cpu", "-o", self.path("net.tsr"))
        x, s = samples(2, 4)
        self.assert_error("a program image is compiled already", "run", self.path("net.tsr"), "--device", "cpu", "--extent", "batch=2",
                          "--input", self.saved("x.npy", x), "--input", self.saved("s.npy", s))

    def test_shapes_that_do_not_fit(self):
        s = self.saved("s.npy", samples(2, 4)[1])
        for shape in ((2, 4, 3), (2, 2), (0, 2, 4, 2)):
            x = self.saved("x.npy", np.zeros(shape, np.float32))
            self.assert_error("does not fit input x float32[batch,sequence,2]", "run", self.model, "--device", "cpu", "--input", x, "--input", s)

    def test_inputs_of_other_numbers_of_cases(self):
        x, s = samples(2, 4)
        self.assert_error("s.npy: 1 cases, input x has 3", "run", self.model, "--device", "cpu", "--input",
                          self.saved("x.npy", np.stack([x, x, x])), "--input", self.saved("s.npy", s))

    def test_raw_bytes_have_no_shape(self):
        with open(self.path("x.bin"), "wb") as stream:
            stream.write(bytes(16))
        self.assert_error("raw bytes say no shape", "run", self.model, "--device", "cpu", "--input", self.path("x.bin"), "--input",
                          self.saved("s.npy", samples(1, 1)[1]))


class HalfTest(CommandTest):
    KIND = "half"

    def test_float16_in_and_out(self):
        x, s = np.float16([[1, -2.5, 6e-8], [65504, 0.1, -0.0]]), np.float16([0, 0.5, 0])
        self.run_model(self.saved("x.npy", x), self.saved("s.npy", s))
        self.assertEqual(self.output().dtype, np.float16)
        np.testing.assert_array_equal(self.output(), x + s)
        text = self.answer("run", self.model, "--device", "cpu", "--input", self.path("x.npy"), "--input", self.path("s.npy"))
        self.assertIn("float16[2,3]: 1 -2 5.96046e-08 65504 0.600098 0", text)


class EvalTest(CommandTest):
    """Answers of the open network: a row of 3 numbers a sample where the sequence is of 1."""

    def setUp(self):
        super().setUp()
        self.x, self.s = samples(40, 1)
        self.rows = expected(self.x, self.s)[:, 0]
        self.labels = self.rows.argmax(1)
        self.given = ("eval", self.model, "--device", "cpu", "--samples", self.saved("x.npy", self.x), "--samples", self.saved("s.npy", self.s))

    def judged(self, labels, *more):
        return json.loads(self.answer(*self.given, "--labels", self.saved("y.npy", labels), "--json", "-", *more))

    def test_counts_what_is_right(self):
        report = self.judged(self.labels)
        self.assertEqual((report["samples"], report["classes"], report["right"], report["top1"]), (40, 3, 40, 1.0))
        self.assertNotIn("reference", report)
        wrong = self.labels.astype(np.uint8)
        wrong[:10] = (wrong[:10] + 1) % 3
        self.assertEqual(self.judged(wrong)["right"], 30)

    def test_compares_with_a_reference(self):
        classes = self.labels.copy()
        classes[5] = (classes[5] + 1) % 3
        self.assertEqual(self.judged(self.labels, "--reference", self.saved("r.npy", classes))["reference"], {"same_class": 39})
        outputs = self.rows.copy()
        outputs[7, self.labels[7]] += 0.25
        self.assertEqual(self.judged(self.labels, "--reference", self.saved("r.npy", outputs))["reference"],
                         {"same_class": 40, "same_output": 39, "largest_difference": 0.25})
        outputs.tofile(self.path("r.bin"))
        self.assertEqual(self.judged(self.labels, "--reference", self.path("r.bin"))["reference"]["same_output"], 39)

    def test_prints_for_people(self):
        text = self.answer(*self.given, "--labels", self.saved("y.npy", self.labels), "--reference", self.saved("r.npy", self.rows))
        self.assertEqual(text, "net on cpu: 40 samples, 3 classes\nright      40 (100.0 %)\n"
                               "reference  40 the same class, 40 the same output, largest difference 0\n")

    def test_says_what_is_wrong(self):
        def error(text, labels, *more):
            self.assert_error(text, *self.given, "--labels", self.saved("y.npy", labels), *more)
        error("are no labels", self.labels.astype(np.float32))
        error("label 0 is negative", self.labels - 3)
        error("the network has 3 classes", self.labels + 3)
        error("are no scores of 39 labelled samples", self.labels[:39])
        error("are no scores of 20 labelled samples", self.labels[:20])
        error("are neither outputs float32[40,1,3] nor 40 classes", self.labels, "--reference", self.saved("r.npy", self.labels[:7]))
        self.assert_error("no.npy", *self.given, "--labels", self.path("no.npy"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
