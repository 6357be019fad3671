"""`tessera profile`: the classes add up to the cycles of each layer, the layers to those of the network, and both are what `tessera run` counts.

usage: profile_test.py TESSERA
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

import numpy as np

import networks

TESSERA = sys.argv[1]
MODEL = networks.model_path("shapes")
MACHINES = ("tiny", "pynq", "batch2", "ultra96", "zcu104")
CLASSES = ["array", "vector", "load", "store", "token", "instruction", "pipeline"]
COUNTS = ("layers", "segment", "macs", "cycles", "read_bytes", "written_bytes", "instruction_bytes", "moved_bytes", "least_bytes")


class ProfileTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.one = self.path("one.npy")
        np.save(self.one, np.load(os.path.join(os.path.dirname(MODEL), "sheet.npy"))[:1])

    def path(self, name):
        return os.path.join(self.folder, name)

    def tessera(self, command, *arguments, **more):
        return subprocess.run([TESSERA, command, MODEL, "--input", self.one, *arguments], capture_output=True, text=True, timeout=300, check=False, **more)

    def report(self, command, *arguments):
        result = self.tessera(command, "--json", "-", *arguments)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return json.loads(result.stdout)

    def assert_error(self, result, *texts):
        self.assertEqual((result.returncode, result.stderr.count("\n")), (1, 1), result.stderr)
        for text in texts:
            self.assertIn(text, result.stderr)

    def assert_row(self, row):
        self.assertEqual(list(row["classes"]), CLASSES)
        for key in COUNTS:
            self.assertIs(type(row[key]), int, key)
            self.assertGreaterEqual(row[key], 0)
        self.assertEqual(sum(row["classes"].values()), row["cycles"], row["name"])
        self.assertEqual(row["moved_bytes"], row["read_bytes"] + row["written_bytes"] + row["instruction_bytes"])
        self.assertLessEqual(row["least_bytes"], row["moved_bytes"])

    def test_a_cycle_too_many_is_seen(self):
        for name in CLASSES:
            row = self.report("profile", "--machine", "tiny")["total"]
            row["classes"][name] += 1
            self.assertRaises(AssertionError, self.assert_row, row)

    def test_sums_on_every_machine(self):
        for machine in MACHINES:
            for memory in ("bench", "chaos,seed=5"):
                with self.subTest(machine=machine, memory=memory):
                    arguments = ("--device", "cycle", "--machine", machine, "--memory", memory)
                    profile, run = self.report("profile", *arguments), self.report("run", *arguments)
                    self.assertEqual(profile["cycles"], run["cycles"])
                    self.assertEqual(profile["total"]["cycles"], run["cycles"])
                    self.assertEqual((profile["machine"], profile["memory"], profile["config_hash"]), (machine, memory, run["config_hash"]))
                    for row in (*profile["layers"], profile["total"]):
                        self.assert_row(row)
                    for key in ("cycles", "macs", "read_bytes", "written_bytes", "least_bytes"):
                        self.assertEqual(sum(row[key] for row in profile["layers"]), profile["total"][key], key)
                    for name in CLASSES:
                        self.assertEqual(sum(row["classes"][name] for row in profile["layers"]), profile["total"]["classes"][name])
                    cycles = {layer["name"]: layer["cycles"] for layer in run["layers"] if layer["cycles"]}
                    self.assertEqual({row["name"]: row["cycles"] for row in profile["layers"] if row["layers"]}, cycles)
                    self.assertEqual(sum(row["layers"] for row in profile["layers"]) + profile["host_layers"], len(run["layers"]))
                    # The array needs a cycle for each multiply-accumulate of a full block; depthwise ones take more.
                    self.assertGreaterEqual(profile["total"]["classes"]["array"] * profile["macs_per_cycle"], profile["total"]["macs"])

    def test_the_table_says_what_the_json_says(self):
        profile = self.report("profile", "--machine", "tiny")
        result = self.tessera("profile", "--machine", "tiny")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        lines = result.stdout.splitlines()
        total = next(line for line in lines if line.startswith("total")).split()
        self.assertEqual(total[1], f"{profile['total']['cycles']:,}")
        shares = [f"{100 * count / profile['total']['cycles']:.1f}" for count in profile["total"]["classes"].values()]
        self.assertEqual(total[3:10], shares)
        self.assertEqual(total[10:], [f"{profile['total'][key]:,}" for key in ("moved_bytes", "least_bytes")])
        self.assertLessEqual(max(map(len, lines)), 120)

    def test_devices_without_the_counters_say_so(self):
        for device in ("functional", "systemc"):
            self.assert_error(self.tessera("profile", "--device", device), f"device {device} does not count where cycles go; cycle does")
        self.assert_error(self.tessera("profile", "--device", "cpu"), "device cpu has no cycles to count")
        self.assert_error(self.tessera("profile", "--device", "abacus"), "abacus")
        self.assert_error(self.tessera("profile", "--machine", "nothing"), "nothing")

    def test_the_core_behind_pins_counts_the_same(self):
        self.assertEqual(self.report("profile", "--device", "systemc", "--memory", "cycle", "--machine", "tiny")["total"]["classes"],
                         self.report("profile", "--machine", "tiny")["total"]["classes"])

    def trace(self, *arguments, machine="tiny"):
        """(events by phase, otherData, stderr) of a trace; every event is of the format."""
        path = self.path("trace.json")
        result = self.tessera("profile", "--quiet", "--machine", machine, "--trace", path, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(path, encoding="utf-8") as stream:
            document = json.load(stream)
        self.assertEqual(list(document), ["displayTimeUnit", "traceEvents", "otherData"])
        events = {"M": [], "X": []}
        for event in document["traceEvents"]:
            events[event["ph"]].append(event)
            self.assertIs(type(event["name"]), str)
            self.assertIs(type(event["pid"]), int)
            self.assertIs(type(event["tid"]), int)
            self.assertIs(type(event["args"]), dict)
            if event["ph"] == "X":
                self.assertGreaterEqual(event["ts"], 0)
                self.assertGreaterEqual(event["dur"], 0)
        named = {(event["pid"], event["tid"]) for event in events["M"] if event["name"] == "thread_name"}
        self.assertLessEqual({(event["pid"], event["tid"]) for event in events["X"]}, named)
        return events, document["otherData"], result.stderr

    def test_the_timeline_holds_every_instruction(self):
        for machine in ("tiny", "ultra96"):
            with self.subTest(machine=machine):
                events, other, stderr = self.trace(machine=machine)
                self.assertEqual(stderr, "")
                profile = self.report("profile", "--machine", machine)
                threads = {event["tid"]: event["args"]["name"] for event in events["M"] if event["name"] == "thread_name" and event["pid"] == 1}
                slices = {}
                for event in events["X"]:
                    if event["pid"] == 1:
                        slices.setdefault(threads[event["tid"]], []).append(event)
                self.assertEqual(other["instructions"], sum(len(of) for name, of in slices.items() if name not in ("layers", "launches")))
                self.assertEqual(other["cycles"], profile["cycles"])
                # The layers follow one another without a gap; no unit does two instructions at once; all of them end before the launch does.
                layers = slices["layers"]
                self.assertEqual([event["args"]["cycle"] for event in layers[1:]], [event["args"]["cycle"] + event["args"]["cycles"] for event in layers[:-1]])
                self.assertEqual([event["name"] for event in layers], [row["name"] for row in profile["layers"] if row["cycles"]])
                self.assertEqual(sum(event["args"]["cycles"] for event in layers), profile["cycles"])
                # All of the device's events stand where their cycle says, from the launch's begin, a hundred a microsecond.
                (launch,) = slices["launches"]
                self.assertEqual(launch["args"]["cycles"], profile["cycles"])
                for of in slices.values():
                    for event in of:
                        self.assertAlmostEqual(event["ts"], launch["ts"] + event["args"]["cycle"] / 100, places=3)
                        self.assertAlmostEqual(event["dur"], event["args"]["cycles"] / 100, places=3)
                verbs = {"load": ("load", "set"), "store": ("store",), "array": ("reduce", "gemm"), "vector": ("vec", "alu"), "compute's loads": ("load",)}
                for name, verb in verbs.items():
                    of = slices[name]
                    for one, other_one in zip(of, of[1:]):
                        self.assertLessEqual(one["args"]["cycle"] + one["args"]["cycles"], other_one["args"]["cycle"])
                        self.assertLess(one["args"]["instruction"], other_one["args"]["instruction"])
                    self.assertLessEqual(of[-1]["args"]["cycle"] + of[-1]["args"]["cycles"], profile["cycles"])
                    for event in of:
                        self.assertIn(event["name"].split()[0].split("_")[0], verb)
                # The array cannot take a micro-op outside of its instructions.
                self.assertGreaterEqual(sum(event["args"]["cycles"] for event in slices["array"]), profile["total"]["classes"]["array"])
                host = [event for event in events["X"] if event["pid"] == 2]
                # The result is one pixel, which the CPU's softmax reads where it lies.
                names = {event["name"] for event in host} - {"host code"}
                softmax = next(event for event in host if event["name"] not in ("start", "wait", "write input", "emit program", "host code"))
                self.assertEqual(names, {"start", "wait", "write input", "emit program", softmax["name"]})
                # One clock: the launch begins when the host starts it, the host waits until it ends, and goes on then.
                by_name = {event["name"]: event for event in host}
                start, wait = by_name["start"], by_name["wait"]
                end = launch["ts"] + launch["dur"]
                self.assertAlmostEqual(launch["ts"], start["ts"], places=3)
                self.assertAlmostEqual(wait["ts"] + wait["dur"], end, places=3)
                self.assertGreaterEqual(softmax["ts"], end - 1e-3)
                for name in ("write input", "emit program"):
                    self.assertLessEqual(by_name[name]["ts"] + by_name[name]["dur"], start["ts"] + 1e-3)

    def test_it_is_of_the_first_case_and_says_so(self):
        trace = self.path("trace.json")
        alone = self.report("profile", "--machine", "tiny")
        np.save(self.one, np.load(os.path.join(os.path.dirname(MODEL), "sheet.npy"))[:3])
        result = self.tessera("profile", "--machine", "tiny", "--json", "-", "--trace", trace)
        self.assertEqual((result.returncode, result.stderr), (0, "note: the profile is of the first of 3 cases\n"))
        self.assertEqual(json.loads(result.stdout), alone)
        with open(trace, encoding="utf-8") as stream:
            self.assertEqual(json.load(stream)["otherData"]["inferences"], 1)

    def test_the_timeline_changes_no_cycle(self):
        path = self.path("profile.json")
        self.trace("--json", path)
        with open(path, encoding="utf-8") as stream:
            self.assertEqual(json.load(stream), self.report("profile", "--machine", "tiny"))

    def test_the_timeline_has_a_limit(self):
        whole, _, _ = self.trace()
        events, other, stderr = self.trace("--trace-limit", "50")
        self.assertRegex(stderr, r"^note: .*first 50 instructions of a launch at most: \d+ begins and ends are left out \(--trace-limit\)\n$")
        self.assertGreater(other["events_left_out"], 0)
        self.assertLessEqual(other["instructions"], 50)
        self.assertGreater(other["instructions"], 25)
        def cycles_of(events):
            return {(event["name"], event["tid"], *event["args"].values()) for event in events["X"] if event["pid"] == 1}
        self.assertLessEqual(cycles_of(events), cycles_of(whole))
        self.assertEqual(self.tessera("profile", "--trace-limit", "5").returncode, 2)

    def test_the_roofline_is_a_picture(self):
        path = self.path("roofline.svg")
        self.assertEqual(self.tessera("profile", "--quiet", "--svg", path).returncode, 0)
        root = xml.etree.ElementTree.parse(path).getroot()
        spaces = "{http://www.w3.org/2000/svg}"
        self.assertEqual(root.tag, spaces + "svg")
        points = root.findall(spaces + "circle")
        profile = self.report("profile")
        self.assertEqual(len(points), sum(row["macs"] > 0 for row in profile["layers"]))
        width, height = map(float, root.get("viewBox").split()[2:])
        for point in points:
            self.assertTrue(0 < float(point.get("cx")) < width and 0 < float(point.get("cy")) < height)
        words = " ".join("".join(text.itertext()) for text in root.iter(spaces + "text"))
        for text in ("array: 256 a cycle", "bus: 8 bytes a cycle each way", "conv3", f"{profile['cycles']:,} cycles"):
            self.assertIn(text, words)
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        self.assertNotIn("<script", text)
        self.assertNotIn("href", text)

    def test_what_cannot_be_written(self):
        for option in ("--svg", "--trace"):
            self.assert_error(self.tessera("profile", "--machine", "tiny", "--quiet", option, "/dev/full"), "/dev/full", "No space left")
        self.assert_error(self.tessera("profile", "--json", "-", "--trace", "-"), "stdout takes one of --json, --svg and --trace")
        self.assert_error(self.tessera("profile", "--device", "systemc", "--memory", "cycle", "--machine", "tiny", "--trace", self.path("t.json")),
                          "does not see when instructions run")
        result = self.tessera("profile", "--machine", "tiny", "--quiet", "--json", "/dev/full")
        self.assert_error(result, "/dev/full", "No space left")
        self.assert_error(self.tessera("profile", "--machine", "tiny", "--quiet", "--json", "/nowhere/x.json"), "/nowhere/x.json")

        def limit_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))
        report = self.path("report.json")
        self.assert_error(self.tessera("profile", "--machine", "tiny", "--quiet", "--json", report, preexec_fn=limit_files), "report.json")
        self.assertFalse(os.path.exists(report))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
