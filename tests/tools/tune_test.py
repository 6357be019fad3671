"""`tessera tune` from the outside: a small network gets faster, a later compilation reads the log and takes exactly the measured cycles,
and Ctrl-C, damaged logs and wrong arguments end as they should.

usage: tune_test.py TESSERA SHAPES.TFLITE SHEET.NPY
"""
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

TESSERA, MODEL, INPUT = sys.argv[1:4]


def run(*arguments, **more):
    return subprocess.run([TESSERA, *arguments], timeout=300, check=False,
                          **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **more})


class TuneTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.log = os.path.join(self.folder.name, "deeper", "tuning.db")

    def tune(self, *arguments, machine="tiny", device="functional"):
        result = run("tune", MODEL, "--machine", machine, "--device", device, "--log", self.log, "--json", "-", *arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return json.loads(result.stdout)

    def cycles(self, *arguments, machine="tiny", device="functional"):
        """Cycles, the output's bytes and what stands on stderr."""
        output = os.path.join(self.folder.name, "output")
        result = run("run", MODEL, "--input", INPUT, "--machine", machine, "--device", device, "--output", output, "--json", "-", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(os.path.join(output, "output_0.npy"), "rb") as stream:
            return json.loads(result.stdout)["cycles"], stream.read(), result.stderr

    def assert_error(self, result, text, status=1):
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertTrue(result.stderr.startswith("error: "), result.stderr)
        self.assertIn(text, result.stderr)

    def test_the_core_gets_faster_and_computes_the_same(self):
        report = self.tune("--trials", "40", "--assertions", device="cycle")
        self.assertTrue(report["kept"], report)
        self.assertLess(report["tuned"], report["untuned"])
        self.assertEqual(report["measured"], 40)
        before, expected, _ = self.cycles(device="cycle")
        after, output, said = self.cycles("--tuned", self.log, device="cycle")
        self.assertEqual((before, after), (report["untuned"], report["tuned"]))
        self.assertEqual(output, expected)
        self.assertEqual(said, "")
        image = os.path.join(self.folder.name, "tuned.tsr")
        self.assertEqual(run("compile", MODEL, "--machine", "tiny", "--tuned", self.log, "-o", image).returncode, 0)
        result = run("run", image, "--input", INPUT, "--machine", "tiny", "--device", "cycle", "--json", "-")
        self.assertEqual(json.loads(result.stdout)["cycles"], after)
        self.assert_error(run("run", image, "--input", INPUT, "--machine", "tiny", "--tuned", self.log), "is compiled already")

    def test_it_goes_on_where_it_ended(self):
        first = self.tune("--trials", "20")
        self.assertEqual((first["measured"], first["known"]), (20, 0))
        again = self.tune("--trials", "0")
        self.assertEqual((again["measured"], again["known"]), (0, 20))
        core = self.tune("--trials", "0", "--assertions", device="cycle")  # an estimate is no measurement of the core
        self.assertEqual((core["known"], core["kept"], core["memory"]), (0, False, "bench"))
        self.assertIn("has no choice for this network", self.cycles("--tuned", self.log)[2])
        self.assertEqual(again["tuned"], first["tuned"])
        more = self.tune("--trials", "30")
        self.assertEqual(more["known"], 20)
        self.assertLessEqual(more["tuned"], first["tuned"])

    def test_choices_that_a_run_did_not_write_stay(self):
        """Those of another network with the same tasks, as it were: nothing is known here of how they were found."""
        choices = "SELECT key, choice, value, untuned FROM tasks WHERE choice IS NOT NULL ORDER BY id"
        first = self.tune("--trials", "20")
        self.assertTrue(first["kept"], first)
        with sqlite3.connect(self.log) as log:
            before = log.execute(choices).fetchall()
            log.execute("DELETE FROM measurements")
        again = self.tune("--trials", "0")
        self.assertEqual((again["tuned"], again["kept"]), (first["tuned"], True))
        with sqlite3.connect(self.log) as log:
            self.assertEqual(log.execute(choices).fetchall(), before)
        self.assertEqual(json.loads(run("tune", MODEL, "--cpu", "--trials", "5", "--log", self.log, "--json", "-").stdout)["failed"], 0)
        with sqlite3.connect(self.log) as log:
            log.execute("UPDATE tasks SET choice = 'v0:1', value = 1, untuned = 2 WHERE machine LIKE 'cpu%'")
            log.execute("DELETE FROM measurements")
            before = log.execute(choices).fetchall()
        self.assertEqual(run("tune", MODEL, "--cpu", "--trials", "0", "--log", self.log, "--json", "-").returncode, 0)
        with sqlite3.connect(self.log) as log:
            self.assertEqual(log.execute(choices).fetchall(), before)

    def test_a_seed_gives_the_same_search(self):
        reports = []
        for log, seed in (("a.db", "5"), ("b.db", "5"), ("c.db", "6")):
            self.log = os.path.join(self.folder.name, log)
            report = self.tune("--trials", "40", "--seed", seed)
            with sqlite3.connect(self.log) as log:
                reports.append((report["tuned"], log.execute("SELECT task, number, choice, value FROM measurements").fetchall()))
        self.assertEqual(reports[0], reports[1])
        self.assertNotEqual(reports[0], reports[2])

    def test_other_machines_and_memories_have_choices_of_their_own(self):
        self.tune("--trials", "16")
        _, expected, _ = self.cycles(machine="pynq")
        _, output, said = self.cycles("--tuned", self.log, machine="pynq")
        self.assertEqual(output, expected)
        self.assertEqual(said.count("\n"), 1, said)
        self.assertIn("has no choice for this network on machine pynq with memory bench", said)
        result = run("compile", MODEL, "--machine", "tiny", "--memory", "ddr3", "--tuned", self.log, "-o", os.path.join(self.folder.name, "x.tsr"))
        self.assertIn("with memory ddr3", result.stderr)

    def measured(self):
        """Measurements in the log, as another process sees them."""
        try:
            with sqlite3.connect(f"file:{self.log}?mode=ro", uri=True) as log:
                return log.execute("SELECT COUNT(*) FROM measurements").fetchone()[0]
        except sqlite3.OperationalError:  # not there, without tables yet, or being written
            return 0

    def test_an_interrupt_keeps_what_was_found(self):
        before = 0
        for wait in (0.0, 2.0):
            process = subprocess.Popen([TESSERA, "tune", MODEL, "--machine", "pynq", "--device", "functional", "--trials", "100000", "--log", self.log],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            try:
                limit = time.monotonic() + 60
                found = 0
                while time.monotonic() < limit and found <= before:
                    time.sleep(0.05)
                    found = self.measured()
                self.assertGreater(found, before)
                time.sleep(wait)
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=120)
            finally:
                process.kill()
                process.wait()
            self.assertEqual((process.returncode, err), (0, ""), err)
            self.assertIn("measurements", out)
            before = self.measured()
        with sqlite3.connect(self.log) as log:
            self.assertEqual(log.execute("PRAGMA integrity_check").fetchone()[0], "ok")

    def test_a_killed_run_loses_nothing_that_was_measured(self):
        process = subprocess.Popen([TESSERA, "tune", MODEL, "--machine", "pynq", "--device", "functional", "--trials", "100000", "--log", self.log],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        measured = 0
        try:
            limit = time.monotonic() + 60
            while time.monotonic() < limit and measured < 20:
                time.sleep(0.1)
                measured = max(measured, self.measured())
        finally:
            process.kill()
            process.wait()
        self.assertGreaterEqual(measured, 20)
        self.assertGreaterEqual(self.tune("--trials", "0", machine="pynq")["known"], measured)

    def test_files_that_are_no_log(self):
        os.makedirs(os.path.dirname(self.log))
        with open(self.log, "w", encoding="utf-8") as stream:
            stream.write("this is a diary\n" * 100)
        before = os.path.getsize(self.log)
        for arguments in (("tune", MODEL, "--machine", "tiny", "--device", "functional", "--log", self.log),
                          ("run", MODEL, "--input", INPUT, "--machine", "tiny", "--tuned", self.log)):
            with self.subTest(arguments[0]):
                self.assert_error(run(*arguments), "file is not a database")
        self.assertEqual(os.path.getsize(self.log), before)
        self.assert_error(run("run", MODEL, "--input", INPUT, "--machine", "tiny", "--tuned", self.log + "x"), "no such file")
        self.assert_error(run("tune", MODEL, "--device", "functional", "--log", self.log + "/below.db"), "tuning log")

    def test_wrong_arguments(self):
        self.assert_error(run("tune", MODEL, "--machine", "nowhere", "--log", self.log), "nowhere")
        self.assert_error(run("tune", MODEL, "--device", "nothing", "--log", self.log), "nothing")
        self.assert_error(run("tune", MODEL, "--device", "null", "--log", self.log), "null")
        self.assert_error(run("tune", "missing.tflite", "--log", self.log), "missing.tflite")
        self.assert_error(run("tune", MODEL, "--log", self.log + "2", "--json", self.log + "/no/folder.json"), "cannot write")
        self.assertFalse(os.path.exists(self.log + "2"))  # nothing was measured for it
        self.assert_error(run("tune", INPUT, "--log", self.log), "sheet.npy")
        for arguments in (("--trials", "-1"), ("--trials", "x"), ("--epsilon", "2"), ("--jobs", "0"), ("--time-limit", "-1")):
            with self.subTest(arguments):
                self.assert_error(run("tune", MODEL, *arguments), "", 2)

    def test_the_cpu_is_tuned_by_time(self):
        result = run("tune", MODEL, "--cpu", "--trials", "24", "--log", self.log, "--json", "-")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        report = json.loads(result.stdout)
        self.assertEqual((report["measured"], report["failed"], report["unit"]), (24, 0, "ns"))
        if report["kept"]:
            self.assertLess(report["tuned"], report["untuned"])
        outputs = []
        for tuned in ((), ("--tuned", self.log)):
            output = os.path.join(self.folder.name, "cpu")
            result = run("run", MODEL, "--input", INPUT, "--device", "cpu", "--output", output, "--quiet", *tuned)
            self.assertEqual(result.returncode, 0, result.stderr)
            with open(os.path.join(output, "output_0.npy"), "rb") as stream:
                outputs.append(stream.read())
        self.assertEqual(outputs[0], outputs[1])
        again = json.loads(run("tune", MODEL, "--cpu", "--trials", "0", "--log", self.log, "--json", "-").stdout)
        self.assertEqual((again["measured"], again["known"]), (0, 24))

    def test_no_time_is_no_search(self):
        report = self.tune("--time-limit", "0")
        self.assertLessEqual(report["measured"], 16)  # the usual plans alone
        self.assertFalse(report["kept"])
        self.assertEqual(report["tuned"], report["untuned"])

    def test_a_full_disk(self):
        result = run("tune", MODEL, "--machine", "tiny", "--device", "functional", "--trials", "400", "--log", self.log,
                     preexec_fn=lambda: __import__("resource").setrlimit(__import__("resource").RLIMIT_FSIZE, (36 << 10, 36 << 10)))
        self.assert_error(result, "cannot write the tuning log")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
