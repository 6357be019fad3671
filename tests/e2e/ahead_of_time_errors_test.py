"""What `tessera compile --target` refuses, in one line, and that it leaves nothing behind.

usage: ahead_of_time_errors_test.py TESSERA
"""
import ctypes
import os
import subprocess
import sys
import tempfile
import unittest

import networks

TESSERA = sys.argv.pop(1)
SHAPES = os.path.join(networks.ROOT, "examples", "shapes", "shapes.tflite")


class Errors(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.output = os.path.join(self.folder.name, "out")

    def tearDown(self):
        self.folder.cleanup()

    def fails(self, *arguments, **environment):
        words = [TESSERA, "compile", *arguments, "-o", self.output]
        result = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, **environment})
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertEqual(result.stdout, "")
        return result.stderr

    def test_unknown_target(self):
        self.assertEqual(self.fails(SHAPES, "--target", "armhf"),
                         "error: no target armhf, there are x86_64-linux-gnu, aarch64-linux-gnu, arm-linux-gnueabihf\n")

    def test_unknown_processor(self):
        said = self.fails(SHAPES, "--target", "aarch64-linux-gnu", "--cpu", "cortex-a9")
        self.assertTrue(said.startswith("error: no processor cortex-a9 for aarch64-linux-gnu, there are native, "), said)
        self.assertIn(" cortex-a53,", said)

    def test_processor_that_cannot(self):
        said = self.fails(SHAPES, "--target", "arm-linux-gnueabihf", "--cpu", "cortex-m4")
        self.assertIn(" cortex-a9,", said)
        self.assertNotIn("cortex-m4,", said)
        self.assertNotIn("i386", self.fails(SHAPES, "--target", "x86_64-linux-gnu", "--cpu", "i386").split("there are")[1])

    def test_native_elsewhere(self):
        other = "aarch64-linux-gnu" if os.uname().machine == "x86_64" else "x86_64-linux-gnu"
        self.assertIn(f"and the target {other}", self.fails(SHAPES, "--target", other, "--cpu", "native"))

    def test_all_open_extents_are_named(self):
        models = networks.models_folder()
        if not models:
            self.skipTest("no models: TESSERA_MODELS")
        model = os.path.join(models, "onnx", "onnxruntime-qdq", "qdq_minimal_model.onnx")
        target = ("--target", "x86_64-linux-gnu")
        said = self.fails(model, *target)
        self.assertIn("open extents (batch of ", said)
        self.assertTrue(said.endswith(": --extent batch=N --extent height=N --extent width=N\n"), said)
        self.assertTrue(self.fails(model, *target, "--extent", "height=8").endswith(": --extent batch=N --extent width=N\n"))

    def test_image_for_an_unknown_processor(self):
        self.assertIn("no processor nonsense for ", self.fails(SHAPES, "--cpu", "nonsense"))
        self.assertIn("no processor i386 for ", self.fails(SHAPES, "--cpu", "i386"))  # of 32 bits

    def test_no_linker(self):
        said = self.fails(SHAPES, "--target", "x86_64-linux-gnu", PATH=self.folder.name)
        self.assertEqual(said, f"error: {SHAPES}: libraries are linked by ld.lld-19, which is not here (Debian package lld-19)\n")
        self.assertFalse(os.path.exists(self.output))

    def test_linker_that_fails(self):
        linker = os.path.join(self.folder.name, "ld.lld-19")
        with open(linker, "w", encoding="utf-8") as stream:
            stream.write("#!/bin/sh\necho 'ld.lld: error: the disk is full' >&2\nexit 3\n")
        os.chmod(linker, 0o755)
        said = self.fails(SHAPES, "--target", "x86_64-linux-gnu", PATH=self.folder.name + ":/usr/bin:/bin")
        self.assertTrue(said.endswith("ld.lld-19 ended with status 3: the disk is full\n"), said)
        self.assertFalse(os.path.exists(self.output))

    def test_no_room_for_temporary_files(self):
        self.assertIn("no folder for temporary files", self.fails(SHAPES, "--target", "x86_64-linux-gnu", TMPDIR="/nowhere"))

    def test_all_or_nothing(self):
        os.makedirs(os.path.join(self.output, "libshapes.so"))  # cannot be replaced by a file
        self.fails(SHAPES, "--target", "x86_64-linux-gnu")
        self.assertEqual(os.listdir(self.output), ["libshapes.so"])
        older = os.path.join(self.output, "shapes.h")  # stays as it is
        with open(older, "w", encoding="utf-8") as stream:
            stream.write("older")
        self.fails(SHAPES, "--target", "x86_64-linux-gnu")
        self.assertEqual(sorted(os.listdir(self.output)), ["libshapes.so", "shapes.h"])
        with open(older, encoding="utf-8") as stream:
            self.assertEqual(stream.read(), "older")

    def test_nothing_temporary_stays(self):
        scratch = os.path.join(self.folder.name, "scratch")
        os.makedirs(scratch)
        words = [TESSERA, "compile", SHAPES, "--target", "x86_64-linux-gnu", "-o", self.output]
        subprocess.run(words, capture_output=True, timeout=120, check=True, env={**os.environ, "TMPDIR": scratch})
        self.assertEqual(os.listdir(scratch), [])
        self.assertEqual(sorted(os.listdir(self.output)), ["libshapes.so", "shapes.h", "tessera_network.h"])

    def test_names(self):
        for name, made in (("3 nets-v2", "n3_nets_v2"), ("tessera_network", "tessera_network_"), ("tsr_pool", "tsr_pool_"), ("tessera_aot", "tessera_aot_"),
                           ("tessera", "tessera")):
            with self.subTest(name):
                model, output = os.path.join(self.folder.name, name + ".tflite"), os.path.join(self.folder.name, made)
                os.symlink(SHAPES, model)
                subprocess.run([TESSERA, "compile", model, "--target", "x86_64-linux-gnu", "-o", output], capture_output=True, timeout=120, check=True)
                self.assertEqual(sorted(os.listdir(output)), sorted([f"lib{made}.so", made + ".h", "tessera_network.h"]))
                with open(os.path.join(output, made + ".h"), encoding="utf-8") as stream:
                    self.assertIn(f"tessera_result {made}_create(", stream.read())
                library = ctypes.CDLL(os.path.join(output, f"lib{made}.so"))
                self.assertTrue(hasattr(library, f"{made}_run_in"))
                self.assertFalse(hasattr(library, "tessera_main"))  # of the code inside

    def test_same_bytes_twice(self):
        made = []
        for _ in range(2):
            words = [TESSERA, "compile", SHAPES, "--target", "aarch64-linux-gnu", "-o", self.output]
            subprocess.run(words, capture_output=True, timeout=120, check=True)
            with open(os.path.join(self.output, "libshapes.so"), "rb") as stream:
                made.append(stream.read())
        self.assertEqual(*made)


if __name__ == "__main__":
    unittest.main()
