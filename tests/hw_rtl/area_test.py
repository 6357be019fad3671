"""That area.py --check sees a change of the RTL, and only that.

usage: area_test.py ROOT
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.abspath(sys.argv[1])
CELL = "hw_rtl/cells/tsr_mul_small.sv"


class AreaTest(unittest.TestCase):
    def status_with(self, change):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(f"{ROOT}/hw_rtl", f"{folder}/hw_rtl")
            shutil.copytree(f"{ROOT}/isa/generated", f"{folder}/isa/generated")
            with open(f"{folder}/{CELL}", encoding="utf-8") as stream:
                text = stream.read()
            changed = change(text)
            self.assertNotEqual(text, changed)
            command = [sys.executable, "-B", f"{folder}/hw_rtl/synth/area.py", "--check", f"{folder}/hw_rtl/synth/pynq.json"]
            self.assertEqual(subprocess.run(command, check=False).returncode, 0, "the figures are stale before any change")
            with open(f"{folder}/{CELL}", "w", encoding="utf-8") as stream:
                stream.write(changed)
            return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)

    def test_a_comment_is_no_change(self):
        self.assertEqual(self.status_with(lambda text: text + "// a remark\n").returncode, 0)

    def test_another_circuit_is_one(self):
        result = self.status_with(lambda text: text.replace("sum = '0;", "sum = '1;"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("pynq.json is of another rtl", result.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
