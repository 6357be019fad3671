"""The command's manners: help and version, exit statuses, and one line for each error.

usage: command_test.py TESSERA
"""
import json
import os
import pty
import subprocess
import sys
import tempfile
import unittest

TESSERA = sys.argv[1]


def run(*arguments, **more):
    return subprocess.run([TESSERA, *arguments], timeout=120, check=False,
                          **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **more})


def without_streams(*streams):
    """For preexec_fn: what a shell's `>&-` does."""
    def close():
        for stream in streams:
            os.close(stream)
    return close


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
        for command in ("run", "compile", "quantize", "tune", "info", "devices", "asm", "disasm", "exec"):
            shown = run(command, "--help")
            self.assertEqual(shown.returncode, 0)
            self.assertRegex(shown.stdout, f"\ntessera {command}\\b")
            self.assertNotIn("Try:", shown.stdout)

    def test_version(self):
        result = run("--version")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"^tessera \d+\.\d+\.\d+\n$")

    def test_wrong_usage(self):
        for arguments in ((), ("nonsense",), ("info",), ("info", "--nonsense")):
            with self.subTest(arguments):
                self.assert_error(run(*arguments), "", 2)

    def test_stdout_that_takes_nothing(self):
        for arguments in (("--help",), ("--version",), ("devices",), ("run", "--help"), ("info", "--machine", "pynq")):
            with self.subTest(arguments), open("/dev/full", "w", encoding="utf-8") as full:
                self.assert_error(run(*arguments, stdout=full), "stdout")
                self.assert_error(run(*arguments, preexec_fn=without_streams(1)), "stdout")

    def test_closed_streams_are_not_given_to_files(self):
        with tempfile.TemporaryDirectory() as folder:
            for stream in (0, 1):  # open, at their end, and no other file
                text = f"{folder}/{stream}.s"
                result = run("disasm", f"/proc/self/fd/{stream}", "-o", text, preexec_fn=without_streams(0, 1))
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                self.assertEqual(os.path.getsize(text), 0)

    def test_one_thing_on_stdout(self):
        with tempfile.TemporaryDirectory() as folder:
            source, words = f"{folder}/a.s", f"{folder}/a.bin"
            with open(source, "w", encoding="utf-8") as stream:
                stream.write("load inp sram=0 dram=0 size=(1,1) stride=1\nfinish\nuop dst=0 src=16 wgt=3\n")
            self.assert_error(run("asm", source, "-o", "-", "--uops", "-"), "not both")
            self.assertEqual(len(run("asm", source, "-o", words, "--uops", "-", text=False).stdout), 4)
            program = ("exec", "--device", "functional", "--write", f"0={words}", "--count", "2")
            self.assert_error(run(*program, "--json", "-", "--read", "0:16=-"), "stdout takes one")
            self.assertEqual(len(run(*program, "--read", "0:32=-", text=False).stdout), 32)
            self.assertEqual(json.loads(run(*program, "--json", "-").stdout)["status"], "ok")

    def test_progress_on_a_terminal_only(self):
        shapes = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples/shapes")
        command = ("run", f"{shapes}/shapes.tflite", "--input", f"{shapes}/sheet.npy", "--device", "cpu", "--json", "-")
        if "run" not in run("--help").stdout:
            self.skipTest("this build has no compiler")
        self.assertEqual(run(*command).stderr, "")
        ours, theirs = pty.openpty()
        result = run(*command, stderr=theirs)
        os.close(theirs)
        said = os.read(ours, 65536).decode()
        os.close(ours)
        self.assertIn("compiling", said)
        self.assertIn("case 1 of 40 on cpu", said)
        self.assertTrue(said.endswith("\r\033[K"), repr(said))
        self.assertEqual(json.loads(result.stdout)["device"], "cpu")

    def test_machines(self):
        for name in ("tiny", "pynq", "ultra96", "zcu104", "batch2"):
            result = run("info", "--machine", name)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn(f"machine {name}:", result.stdout)
        self.assertIn("256 multiply-accumulates a cycle", run("info", "--machine", "pynq").stdout)
        self.assert_error(run("info", "--machine", "nothing"), "nothing")

    def test_reports_as_json(self):
        machine = json.loads(run("info", "--machine", "pynq", "--json", "-").stdout)
        self.assertEqual((machine["macs_per_cycle"], machine["memories"][1]["elements"]), (256, 2048))
        listed = json.loads(run("devices", "--json", "-").stdout)
        self.assertIn(machine, listed["machines"])
        self.assertIn("functional", [device["name"] for device in listed["devices"]])
        with tempfile.TemporaryDirectory() as folder:
            text = run("info", "--area", "--json", f"{folder}/area.json").stdout
            self.assertIn("machine ultra96 on xczu3eg", text)
            with open(f"{folder}/area.json", encoding="utf-8") as stream:
                areas = {area["machine"]: area for area in json.load(stream)["areas"]}
        self.assert_error(run("devices", "--json", "/nowhere/x.json"), "/nowhere/x.json")
        for name in ("pynq", "ultra96"):  # what is synthesised is today's machine, and fits its chip
            self.assertTrue(areas[name]["current"], name)
            for kind in ("dsp48", "ramb36", "lut", "ff"):
                self.assertLessEqual(areas[name][kind]["used"], areas[name][kind]["available"], f"{name} {kind}")
                self.assertGreater(areas[name][kind]["used"], 0, f"{name} {kind}")

    def test_compile_as_json(self):
        if "compile" not in run("--help").stdout:
            self.skipTest("this build has no compiler")
        model = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples/shapes/shapes.tflite")
        with tempfile.TemporaryDirectory() as folder:
            image, report = f"{folder}/x.tsr", f"{folder}/x.json"
            said = run("compile", model, "--machine", "tiny", "-o", image, "--json", report).stdout
            with open(report, encoding="utf-8") as stream:
                facts = json.load(stream)
            size = os.path.getsize(image)
            self.assertEqual(facts, {"model": model, "machine": "tiny", "files": [{"name": image, "bytes": size}]})
            self.assertEqual(said, f"{image}: {size} bytes for tiny\n")
            facts = json.loads(run("compile", model, "--cpu", "-o", image, "--json", "-").stdout)
            self.assertEqual((facts["machine"], facts["files"]), ("cpu", [{"name": image, "bytes": os.path.getsize(image)}]))
            self.assertEqual(len(run("compile", model, "--cpu", "-o", "-", "--json", report, text=False).stdout), os.path.getsize(image))
            made = json.loads(run("compile", model, "--target", "x86_64-linux-gnu", "-o", f"{folder}/lib", "--json", "-").stdout)
            self.assertEqual({file["name"]: file["bytes"] for file in made["files"]},
                             {f"{folder}/lib/{name}": os.path.getsize(f"{folder}/lib/{name}") for name in os.listdir(f"{folder}/lib")})
            self.assertEqual((made["target"], made["cpu"]), ("x86_64-linux-gnu", ""))

    def test_placement(self):
        """Every operation with where it runs and why, and what share of the arithmetic that is."""
        root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
        network = os.path.join(root, "examples", "shapes", "shapes.tflite")
        text = run("info", network, "--machine", "pynq").stdout
        self.assertIn("on the accelerator 4413920 of 4413920 multiply-accumulates, 100.0 %", text)
        for line in ("npu  CONV_2D            conv1                                    442368  conv with MATMUL",
                     "npu  ADD                add3                                          0  add with ADD",
                     "cpu  SOFTMAX            softmax                                       0  no tensor instruction computes softmax"):
            self.assertIn(line, text)
        # A machine of VTA's instructions alone can run none of these scales; what is left has none.
        machine = os.path.join(root, "tests", "cosim", "machines", "vta.json")
        facts = json.loads(run("info", network, "--machine", machine, "--json", "-").stdout)
        self.assertEqual((facts["macs"], facts["macs_on_npu"]), (4413920, 0))
        self.assertEqual({layer["op"] for layer in facts["layers"] if layer["where"] == "npu"}, {"MAX_POOL_2D", "AVERAGE_POOL_2D", "RESHAPE"})
        for layer in facts["layers"]:
            if layer["op"] in ("CONV_2D", "DEPTHWISE_CONV_2D"):
                self.assertIn("the scales are no power of two", layer["why"])

    def test_files_that_are_none(self):
        self.assert_error(run("info", "/nowhere/x.tsr"), "cannot read /nowhere/x.tsr: No such file or directory")
        with tempfile.NamedTemporaryFile(suffix=".tsr") as file:
            file.write(b"hello world, this is no image")
            file.flush()
            self.assert_error(run("info", file.name), "")

    def test_assembler_round_trip(self):
        text = ("load inp sram=0 dram=0x100 size=(14,14) stride=56 pad=(1,0,1,0) push_next\n"
                "gemm uop=[0,2) iter=(14,14) dst=(14,1) src=(16,1) wgt=(0,0) pop_prev push_next\n"
                "finish\nuop dst=0 src=16 wgt=3\nuop dst=1 src=17 wgt=4\n")
        with tempfile.TemporaryDirectory() as folder:
            source, words, uops, again = (f"{folder}/{name}" for name in ("a.s", "a.bin", "a.uop", "b.bin"))
            with open(source, "w", encoding="utf-8") as stream:
                stream.write(text)
            result = run("asm", source, "-o", words, "--uops", uops)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertIn("3 instructions, 2 micro-ops", result.stdout)
            for path, count, flags in ((words, 48, ()), (uops, 8, ("--uops",))):
                with open(path, "rb") as stream:
                    content = stream.read()
                self.assertEqual(len(content), count)
                shown = run("disasm", path, *flags)
                self.assertEqual(shown.returncode, 0, shown.stderr)
                with open(source, "w", encoding="utf-8") as stream:
                    stream.write(shown.stdout)
                made = run("asm", source, "-o", *((f"{folder}/none", "--uops", again) if flags else (again,)))
                self.assertEqual(made.returncode, 0, made.stderr)
                with open(again, "rb") as stream:
                    self.assertEqual(stream.read(), content)

    def test_assembler_errors(self):
        with tempfile.TemporaryDirectory() as folder:
            source = f"{folder}/a.s"
            with open(source, "w", encoding="utf-8") as stream:
                stream.write("finish\nfly to=moon\n")
            self.assert_error(run("asm", source, "-o", f"{folder}/a.bin"), "line 2")
            with open(f"{folder}/odd.bin", "wb") as stream:
                stream.write(bytes(17))
            self.assert_error(run("disasm", f"{folder}/odd.bin"), "17 bytes is no multiple of 16")

    def test_devices(self):
        result = run("devices")
        self.assertEqual(result.returncode, 0)
        for name in ("null", "functional", "cpu", "pynq"):
            self.assertRegex(result.stdout, rf"\n  {name} +\S+")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
