"""The networks that end-to-end tests run, with every case whose right answer is known.

A case is an input and what its output must be. Most outputs are given byte for byte; three published ones only by a figure of
theirs (a difference, an exclusive or). "shapes" is in the repository; the others are in the folder TESSERA_MODELS.
"""
import json
import os
import sys

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIP = 77  # the exit status that ctest counts as skipped

TINY = {"ic": ("pretrainedResnet_quant", (1, 32, 32, 3)), "kws": ("kws_ref_model", (1, 49, 10, 1)),
        "vww": ("vww_96_int8", (1, 96, 96, 3)), "ad": ("ad01_int8", (1, 640))}
PUBLISHED_FOLDER = {"ic": "imgc", "kws": "kws", "vww": "vww", "ad": "anomd"}
NAMES = ("shapes",) + tuple(TINY)


class Case:
    def __init__(self, name, data, check):
        self.name, self.data, self.check = name, data, check


def models_folder():
    folder = os.environ.get("TESSERA_MODELS") or os.path.join(ROOT, "..", "shared", "models")
    return folder if os.path.isdir(folder) else None


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIP)


def model_path(name):
    if name == "shapes":
        return os.path.join(ROOT, "examples", "shapes", "shapes.tflite")
    folder = models_folder()
    if folder is None:
        skip("no real networks here: set TESSERA_MODELS to their folder")
    path = os.path.join(folder, "tflite", "mlperf-tiny", TINY[name][0] + ".tflite")
    if not os.path.exists(path):
        skip(f"no {path}")
    return path


def exactly(expected, kind=np.int8):
    expected = np.asarray(expected, kind).reshape(-1)

    def check(output):
        output = output.reshape(-1)
        if output.shape != expected.shape:
            return f"{output.size} values, {expected.size} expected"
        wrong = np.flatnonzero(output != expected)
        if wrong.size:
            return f"{wrong.size} of {expected.size} bytes differ, first at {wrong[0]}: {output[wrong[0]]}, expected {expected[wrong[0]]}"
        return None
    return check


def _difference(expected):
    def check(output):
        found = int(output.reshape(-1)[1]) - int(output.reshape(-1)[0])
        return None if found == expected else f"second less first output is {found}, expected {expected}"
    return check


def _words_xor(expected):
    """The published figure: groups of four outputs, each sign-extended and shifted into its place, all combined by exclusive or."""
    def check(output):
        words = output.reshape(-1, 4).astype(np.int64) << np.array([0, 8, 16, 24])
        found = int(np.bitwise_xor.reduce(words.reshape(-1))) & 0xffffffff
        return None if found == expected else f"exclusive or of the output's words is {found:#x}, expected {expected:#x}"
    return check


def _published(name):
    folder = os.path.join(models_folder(), "published", "cfu-playground")
    with open(os.path.join(folder, "expected.json"), encoding="utf-8") as stream:
        expected = json.load(stream)
    shape = TINY[name][1]
    for key, value in sorted(expected.items()):
        if not key.startswith(PUBLISHED_FOLDER[name] + "/"):
            continue
        data = np.fromfile(os.path.join(folder, key), np.int8)[:int(np.prod(shape))].reshape(shape)
        if "output_int8" in value:
            check = exactly(value["output_int8"])
        elif "out1_minus_out0" in value:
            check = _difference(value["out1_minus_out0"])
        else:
            check = _words_xor(int(value["xor_reduction_of_output_bytes_of_frame0"], 16))
        yield Case(key, data, check)


def _goldens(name):
    folder = os.path.join(models_folder(), "goldens", "tflite-micro", "mlperf-tiny__" + TINY[name][0])
    for case in sorted(entry for entry in os.listdir(folder) if entry.startswith("case")):
        data = np.load(os.path.join(folder, case, "input_0.npy"))
        yield Case(f"tflite-micro {case}", data.reshape(TINY[name][1]), exactly(np.load(os.path.join(folder, case, "output_0.npy"))))
    folder = os.path.join(models_folder(), "goldens", "tflite-tflm", TINY[name][0])
    if os.path.isdir(folder):
        for entry in sorted(entry for entry in os.listdir(folder) if entry.endswith(".in0.bin")):
            data = np.fromfile(os.path.join(folder, entry), np.int8).reshape(TINY[name][1])
            yield Case(f"tflite-tflm {entry}", data, exactly(np.fromfile(os.path.join(folder, entry.replace(".in0", ".out0")), np.int8)))


def _eval(count):
    folder = os.path.join(models_folder(), "eval")
    pictures = np.fromfile(os.path.join(folder, "cifar10_test_0-499_nhwc_u8.bin"), np.uint8).reshape(-1, 1, 32, 32, 3)
    answers = np.fromfile(os.path.join(folder, "bitexact_outputs_tflm_resnet8_int8_0-499.int8.bin"), np.int8).reshape(-1, 10)
    for index in range(count):
        yield Case(f"eval {index}", (pictures[index].astype(np.int16) - 128).astype(np.int8), exactly(answers[index]))


def cases_of(name, eval_count=0):
    """Every case of the network; for "ic" the first eval_count of the 500 pictures in eval/ too."""
    if name == "shapes":
        folder = os.path.dirname(model_path(name))
        inputs, outputs = np.load(os.path.join(folder, "sheet.npy")), np.load(os.path.join(folder, "sheet_expected.npy"))
        return [Case(f"picture {i}", inputs[i:i + 1], exactly(outputs[i])) for i in range(len(inputs))]
    model_path(name)
    found = list(_goldens(name)) + list(_published(name))
    if name == "ic":
        found += list(_eval(eval_count))
    return found
