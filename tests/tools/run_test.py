"""`./run` starts what it built where the user stands. The build folder here is a sham whose programs say how they were started.

usage: run_test.py ROOT
"""
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.abspath(sys.argv[1])
PROGRAM = '#!/bin/sh\necho "$PWD"\nfor word in "$@"; do echo "$word"; done\nexit 3\n'


class RunTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build, self.here = os.path.join(folder.name, "build"), os.path.join(folder.name, "with blank")
        for path in ("examples/classify", "tools/tessera"):
            path = os.path.join(self.build, path)
            os.makedirs(os.path.dirname(path))
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(PROGRAM)
            os.chmod(path, 0o755)
        with open(os.path.join(self.build, "build.ninja"), "w", encoding="utf-8") as stream:
            stream.write("build demo: phony\nbuild tessera: phony\n")
        os.mkdir(self.here)

    def run_in(self, folder, *arguments):
        """(status, lines of stdout)."""
        result = subprocess.run([os.path.join(ROOT, "run"), *arguments], cwd=folder, env={**os.environ, "TESSERA_BUILD": self.build},
                                capture_output=True, text=True, timeout=120, check=False)
        return result.returncode, result.stdout.splitlines()

    def test_files_are_named_from_where_the_user_stands(self):
        self.assertEqual(self.run_in(self.here, "tessera", "info", "my net.tsr"), (3, [self.here, "info", "my net.tsr"]))
        self.assertEqual(self.run_in(self.here, "demo", "my.png", "--output", "o.png"), (3, [self.here, "my.png", "--output", "o.png"]))

    def test_the_annotated_sheet_lies_in_the_clone(self):
        self.assertEqual(self.run_in(self.here, "demo", "my.png"),
                         (3, [self.here, "--output", os.path.join(ROOT, "build/demo.png"), "my.png"]))
        self.assertEqual(self.run_in(ROOT, "demo"), (3, [ROOT]))

    def test_wrong_usage(self):
        status, _ = self.run_in(self.here, "nonsense")
        self.assertEqual(status, 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
