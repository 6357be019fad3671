"""Networks that the accelerator and the host share: what crosses between the two, in bytes, to the byte.

usage: mixed_test.py TESSERA
"""
import glob
import json
import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np

import networks

TESSERA = sys.argv[1]

# BlazeFace's pads of channels: pixels, channels before and behind.
PADS = ((64 * 64, 24, 28), (32 * 32, 28, 32), (32 * 32, 32, 36), (32 * 32, 36, 42), (16 * 16, 42, 48), (16 * 16, 48, 56), (16 * 16, 56, 64), (16 * 16, 64, 72), (16 * 16, 72, 80),
        (16 * 16, 80, 88), (8 * 8, 88, 96))


def pads_in_blocks(block):
    return sum(pixels * (-(-before // block) + -(-behind // block)) * block for pixels, before, behind in PADS)


# name, machine: bytes converted, copied, used where they lie. A picture of W x H pixels and C channels in blocks of B is what it is on the host where C = B or it is
# one pixel; first layers of few channels have their windows gathered, K x K x C bytes a position.
BORDERS = {
    # 28 x 28 x 1 in windows of 3 x 3 at 14 x 14; 7 x 7 x 16 goes to the CPU's depthwise layer, 7 x 7 x 32 comes back, ten classes go to the softmax.
    ("tinymaix/mnist_dw_q", "pynq"): (14 * 14 * 9 + 7 * 7 * 32, 0, 7 * 7 * 16 + 10),
    ("tinymaix/mnist_dw_q", "tiny"): (14 * 14 * 9 + 7 * 7 * 16 + 7 * 7 * 32, 0, 10),
    # The columns of the first windows (5 x 3 in 128 rows at 64 columns) and the four heads, which the host makes float32 of, are converted; what the eleven pads of channels read
    # and write is used in whole blocks.
    ("openmv/blazeface_front_128", "pynq"): (128 * 64 * 5 * 3 + 16 * 16 * (2 + 32) + 8 * 8 * (6 + 96), 0, pads_in_blocks(16)),
    ("openmv/blazeface_front_128", "tiny"): (128 * 64 * 5 * 3 + 16 * 16 * (2 + 32) + 8 * 8 * (6 + 96), 0, pads_in_blocks(8)),
    # Vectors: 64 and 16 four times, 32 and 2.
    ("tflite-micro/keyword_scrambled", "pynq"): (0, 0, 4 * (64 + 16) + 32 + 2),
    ("tflite-micro/keyword_scrambled", "tiny"): (0, 0, 4 * (64 + 16) + 32 + 2),
}


# name, device, machine, cases: one launch and many, an odd and an even number of them.
MANY = [("openmv/blazeface_front_128", "functional", "pynq", 7), ("cfu-playground/hps_model_2022_01_05_74ops", "functional", "tiny", 4),
        ("tflite-micro/keyword_scrambled", "functional", "batch2", 20), ("tflite-micro/keyword_scrambled", "cycle", "pynq", 5),
        ("tinymaix/mnist_dw_q", "cycle", "tiny", 6), ("tinymaix/mnist_dw_q", "systemc", "tiny", 3),
        ("mlperf-tiny/pretrainedResnet_quant", "functional", "pynq", 18)]


def model_and_cases(name):
    folder = networks.models_folder()
    cases = sorted(glob.glob(os.path.join(folder, "goldens", "tflite-micro", name.replace("/", "__"), "case*")))
    return os.path.join(folder, "tflite", name + ".tflite"), cases


class MixedTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def run_model(self, name, *arguments, command="run"):
        """(report, {file: array}) of the first case, or of `arguments` --input."""
        model, cases = model_and_cases(name)
        report, out = os.path.join(self.folder, "report.json"), tempfile.mkdtemp(dir=self.folder)
        inputs = () if "--input" in arguments else ("--input", *sorted(glob.glob(os.path.join(cases[0], "input_*.npy"))))
        outputs = ("--output", out) if command == "run" else ()
        result = subprocess.run([TESSERA, command, model, *inputs, "--json", report, "--quiet", *outputs, *arguments], capture_output=True, text=True, timeout=300,
                                check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        with open(report, encoding="utf-8") as stream:
            return json.load(stream), {path: np.load(os.path.join(out, path)) for path in sorted(os.listdir(out))} if outputs else {}

    def test_borders_to_the_byte(self):
        for (name, machine), expected in BORDERS.items():
            for command, device in (("run", "functional"), ("profile", "cycle")):
                with self.subTest(name=name, machine=machine, command=command):
                    report, _ = self.run_model(name, "--device", device, "--machine", machine, command=command)
                    self.assertEqual(report["borders"], dict(zip(("converted_bytes", "copied_bytes", "shared_bytes"), expected)))


    def test_two_cases_at_a_time_give_the_bytes_and_cycles_of_one(self):
        for name, device, machine, count in MANY:
            with self.subTest(name=name, device=device, machine=machine):
                _, cases = model_and_cases(name)
                inputs = [np.load(os.path.join(case, "input_0.npy")) for case in cases]
                path = os.path.join(self.folder, "many.npy")
                np.save(path, np.stack([inputs[i % len(inputs)] for i in range(count)]))
                arguments = ("--device", device, "--machine", machine, "--input", path)
                alone, expected = self.run_model(name, *arguments, "--no-overlap")
                report, outputs = self.run_model(name, *arguments)
                self.assertEqual(list(outputs), list(expected))
                for output, of in expected.items():
                    self.assertEqual(len(of), count)
                    np.testing.assert_array_equal(outputs[output], of)
                for key in ("cycles", "borders", "instructions"):
                    self.assertEqual(report[key], alone[key], key)
                self.assertEqual([layer["cycles"] for layer in report["layers"]], [layer["cycles"] for layer in alone["layers"]])

    def test_the_cpu_works_beside_a_launch_on_one_clock(self):
        # BlazeFace: the heads of the larger grid are dequantised while the last launch runs.
        model, cases = model_and_cases("openmv/blazeface_front_128")
        trace = os.path.join(self.folder, "trace.json")
        report, _ = self.run_model("openmv/blazeface_front_128", "--device", "cycle", "--machine", "pynq", "--trace", trace, "--clock", "50", command="profile")
        with open(trace, encoding="utf-8") as stream:
            document = json.load(stream)
        events = [event for event in document["traceEvents"] if event["ph"] == "X"]
        launches = sorted((event for event in events if event["cat"] == "launch"), key=lambda event: event["args"]["launch"])
        host = [event for event in events if event["cat"] == "host"]
        self.assertEqual(document["otherData"]["clock_mhz"], 50)
        self.assertEqual(sum(launch["args"]["cycles"] for launch in launches), report["cycles"])

        def end(event):
            return event["ts"] + event["dur"]
        for launch in launches:
            self.assertAlmostEqual(launch["dur"], launch["args"]["cycles"] / 50, places=3)
        for of in (launches, host):  # the device does one launch at a time, the host one thing
            for one, other in zip(of, of[1:]):
                self.assertLessEqual(end(one), other["ts"] + 1e-3)
        starts = [event for event in host if event["name"] == "start"]
        waits = [event for event in host if event["name"] == "wait"]
        self.assertEqual((len(starts), len(waits)), (len(launches), len(launches)))
        beside = [[event["name"] for event in host if event["ts"] >= start["ts"] and end(event) <= wait["ts"] and event["name"] not in ("start", "wait", "host code")]
                  for start, wait in zip(starts, waits)]
        for launch, start, wait in zip(launches, starts, waits):
            self.assertAlmostEqual(launch["ts"], start["ts"], places=3)
            self.assertGreaterEqual(end(wait), end(launch) - 1e-3)
        self.assertEqual([len(names) for names in beside], [0] * (len(launches) - 1) + [1], beside)
        work = next(event for event in host if event["name"] == beside[-1][0])
        # Each segment of the CPU is made of its layers, by name.
        layers = [event for event in events if event["cat"] == "host layer"]
        inside = {event["name"]: [layer["name"] for layer in layers if layer["ts"] >= event["ts"] - 1e-3 and end(layer) <= end(event) + 1e-3]
                  for event in host if ":" in event["name"]}
        pads = ["PAD:functional_1/tf_op_layer_Pad/Pad"] + [f"PAD:functional_1/tf_op_layer_Pad_{i}/Pad_{i}" for i in range(1, 11)]
        heads = {f"RESHAPE:StatefulPartitionedCall:{i}1 +3": [f"DEQUANTIZE:StatefulPartitionedCall:{j}" for j in (i, i + 2)] for i in (0, 1)}
        self.assertEqual(inside, {"QUANTIZE:tfl.quantize": ["QUANTIZE:tfl.quantize"], **{name: [name] for name in pads}, **heads})
        self.assertEqual(sum(map(len, inside.values())), len(layers))
        for one, other in zip(layers, layers[1:]):
            self.assertLessEqual(end(one), other["ts"] + 1e-3)
        self.assertLess(work["ts"], end(launches[-1]))
        self.assertGreater(end(work), launches[-1]["ts"])

    def test_two_cases_at_a_time_on_one_clock(self):
        # BlazeFace, four cases: the first alone, then the CPU's work of each beside launches of its neighbours; the device's lane and one for each of the two runtimes.
        count = 4
        _, cases = model_and_cases("openmv/blazeface_front_128")
        path, trace = os.path.join(self.folder, "many.npy"), os.path.join(self.folder, "trace.json")
        inputs = [np.load(os.path.join(case, "input_0.npy")) for case in cases]
        np.save(path, np.stack([inputs[i % len(inputs)] for i in range(count)]))
        arguments = ("--device", "cycle", "--machine", "pynq", "--input", path, "--trace", trace, "--clock", "50", "--cases", str(count))
        report, _ = self.run_model("openmv/blazeface_front_128", *arguments, command="profile")
        with open(trace, encoding="utf-8") as stream:
            document = json.load(stream)
        self.assert_one_clock(document, report, count, lanes=2)
        # One case after the other is a lane alone, and no CPU work stands beside another case's launch.
        report, _ = self.run_model("openmv/blazeface_front_128", *arguments, "--no-overlap", command="profile")
        with open(trace, encoding="utf-8") as stream:
            alone = json.load(stream)
        self.assert_one_clock(alone, report, count, lanes=1)

    def assert_one_clock(self, document, report, count, lanes):
        def end(event):
            return event["ts"] + event["dur"]

        def beside(one, other):
            return min(end(one), end(other)) - max(one["ts"], other["ts"])
        events = [event for event in document["traceEvents"] if event["ph"] == "X"]
        names = {(event["pid"], event["tid"]): event["args"]["name"] for event in document["traceEvents"] if event["name"] == "thread_name"}
        launches = sorted((event for event in events if event["cat"] == "launch"), key=lambda event: event["ts"])
        host = [event for event in events if event["cat"] == "host"]
        layers = [event for event in events if event["cat"] == "layer"]
        self.assertEqual(document["otherData"]["inferences"], count)
        # Every launch of every case once. On the first runtime, which has the last case, the cycles are the report's; the other's recordings lie elsewhere in memory.
        number = len(launches) // count
        self.assertEqual(sorted((event["args"]["case"], event["args"]["launch"]) for event in launches), [(case, launch) for case in range(count) for launch in range(number)])
        lane_of = [{names[event["pid"], event["tid"]] for event in host if event["args"]["case"] == case} for case in range(count)]
        if lanes == 1:
            self.assertEqual(lane_of, [{"CPU"}] * count)
        else:  # the first is alone; the last has the first runtime, and its neighbours the second
            self.assertEqual(lane_of, [{"CPU, first runtime"}] + [{"CPU, first runtime" if (count - case) % 2 else "CPU, second runtime"} for case in range(1, count)])
        for case in range(count):
            cycles = sum(event["args"]["cycles"] for event in launches if event["args"]["case"] == case)
            self.assertEqual(sum(event["args"]["cycles"] for event in layers if event["args"]["case"] == case), cycles)
            self.assertAlmostEqual(cycles, report["cycles"], delta=0 if lane_of[case] == lane_of[-1] else 1e-3 * report["cycles"])
        # A lane does one thing at a time, and leaves out nothing.
        for lane in {event["tid"] for event in host}:
            of = [event for event in host if event["tid"] == lane]  # they stand in order of time
            for one, other in zip(of, of[1:]):
                self.assertLessEqual(abs(other["ts"] - end(one)), 1 + 1e-3, (one, other))
        # The device does one launch at a time; each begins when its host starts it or the one before has ended, and its host waits until it ends.
        free = 0
        for launch in launches:
            self.assertAlmostEqual(launch["dur"], launch["args"]["cycles"] / 50, places=3)
            mine = [event for event in host if event["args"]["case"] == launch["args"]["case"]]
            start = [event for event in mine if event["name"] == "start"][launch["args"]["launch"]]
            wait = [event for event in mine if event["name"] == "wait"][launch["args"]["launch"]]
            self.assertAlmostEqual(launch["ts"], max(start["ts"], free), places=3)
            free = end(launch)
            self.assertAlmostEqual(end(wait), max(wait["ts"], free), places=3)
            inside = [event for event in layers if event["args"]["case"] == launch["args"]["case"] and event["args"]["launch"] == launch["args"]["launch"]]
            self.assertAlmostEqual(inside[0]["ts"], launch["ts"], places=3)
            self.assertAlmostEqual(end(inside[-1]), free, places=3)
        for turn in (event for event in host if event["name"] == "wait for turn"):
            self.assertTrue(turn["dur"] < 1e-3 or any(abs(end(turn) - end(launch)) < 1e-3 for launch in launches), turn)
        # No second of a simulation is left anywhere: what passes is launches and the host's own work.
        own = sum(event["dur"] for event in host if event["name"] not in ("wait", "wait for turn"))
        self.assertLessEqual(max(map(end, host)), sum(launch["dur"] for launch in launches) + own + len(host))  # gaps below a microsecond are not told
        # CPU segments of a case beside launches of the next, and the other way round.
        segments = [event for event in host if ":" in event["name"]]
        for case in range(count - 1):
            both = sum(max(0, beside(segment, launch)) for segment in segments for launch in launches
                       if {segment["args"]["case"], launch["args"]["case"]} == {case, case + 1})
            self.assertEqual(both > 1, lanes == 2 and case > 0, (case, both))

    def test_branches_give_the_same_bytes_without_overlap(self):
        for name, device, machine in (("openmv/blazeface_front_128", "functional", "pynq"), ("openmv/blazeface_front_128", "cycle", "tiny"),
                                      ("tflite-micro/keyword_scrambled", "functional", "tiny"), ("tflite-micro/keyword_scrambled", "cycle", "pynq")):
            with self.subTest(name=name, device=device, machine=machine):
                arguments = ("--device", device, "--machine", machine)
                alone, expected = self.run_model(name, *arguments, "--no-overlap")
                for _ in range(2 if device == "functional" else 1):
                    report, outputs = self.run_model(name, *arguments)
                    self.assertEqual(report["cycles"], alone["cycles"])
                    for output, of in expected.items():
                        np.testing.assert_array_equal(outputs[output], of)

    def test_the_case_that_fails_is_named(self):
        # A launch that does not end in time: the same line whether two run at a time or one.
        model, cases = model_and_cases("tinyengine/vww")
        path = os.path.join(self.folder, "many.npy")
        np.save(path, np.stack([np.load(os.path.join(cases[0], "input_0.npy"))] * 3))
        for after, case in ((3000, 0), (200000, 1), (350000, 2)):  # the first runs alone
            for more in ((), ("--no-overlap",)):
                result = subprocess.run([TESSERA, "run", model, "--input", path, "--device", "cycle", "--machine", "pynq", "--memory", f"mute,after={after}",
                                         "--timeout", "1", "--quiet", *more], capture_output=True, text=True, timeout=300, check=False)
                self.assertEqual(result.returncode, 1)
                self.assertRegex(result.stderr, rf"^error: .*case {case}: segment 0: .*\n$")


if __name__ == "__main__":
    if networks.models_folder() is None:
        networks.skip("no real networks here: set TESSERA_MODELS to their folder")
    unittest.main(argv=sys.argv[:1])
