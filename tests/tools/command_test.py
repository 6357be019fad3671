"""The command's manners: help and version, exit statuses, and one line for each error.

usage: command_test.py TESSERA
"""
import subprocess
import sys
import tempfile
import unittest

TESSERA = sys.argv[1]


def run(*arguments):
    return subprocess.run([TESSERA, *arguments], capture_output=True, text=True, timeout=120, check=False)


class CommandTest(unittest.TestCase):
    def assert_error(self, result, text, status=1):
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertTrue(result.stderr.startswith("error: "), result.stderr)
        self.assertIn(text, result.stderr)

    def test_help_teaches(self):
        result = run("--help")
        self.assertEqual(result.returncode, 0)
        for part in ("Try:", "tessera run", "info", "Exit status"):
            self.assertIn(part, result.stdout)
        self.assertEqual(run("info", "--help").returncode, 0)

    def test_version(self):
        result = run("--version")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"^tessera \d+\.\d+\.\d+\n$")

    def test_wrong_usage(self):
        for arguments in ((), ("nonsense",), ("info",), ("info", "--nonsense")):
            with self.subTest(arguments):
                self.assert_error(run(*arguments), "", 2)

    def test_machines(self):
        for name in ("tiny", "pynq", "ultra96", "zcu104", "batch2"):
            result = run("info", "--machine", name)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn(f"machine {name}:", result.stdout)
        self.assertIn("256 multiply-accumulates a cycle", run("info", "--machine", "pynq").stdout)
        self.assert_error(run("info", "--machine", "nothing"), "nothing")

    def test_files_that_are_none(self):
        self.assert_error(run("info", "/nowhere/x.tsr"), "cannot read /nowhere/x.tsr: No such file or directory")
        with tempfile.NamedTemporaryFile(suffix=".tsr") as file:
            file.write(b"hello world, this is no image")
            file.flush()
            self.assert_error(run("info", file.name), "")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
