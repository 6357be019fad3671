"""How long a run takes on the host's CPU, beside ONNX Runtime on one thread: latency.py TESSERA [--cases N] [--most RATIO] [MODEL.onnx ...].

ONNX Runtime is a peer from PyPI (pip install onnxruntime): where it is absent the column is empty, and nothing is compared. Without models, those of the models folder
(TESSERA_MODELS) that stand below are taken. A run is the least of ONNX Runtime's in one second, and the least of the last cases of three
`tessera run` of N equal cases each: the first case also touches its memory for the first time, so `first` stands beside. Inputs are seeded; `apart` is the
greatest difference of an output, as a part of the output's greatest value. --most ends with 1 where a ratio is above RATIO.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy

try:
    import onnxruntime
except ImportError:
    onnxruntime = None

MODELS = (
    "onnx/mlperf-tiny-results/model_ic.onnx",
    "onnx/mlperf-tiny-results/model_kws.onnx",
    "onnx/mlperf-tiny-results/model_ad.onnx",
    "onnx/mlperf-tiny-results/vww_96_float.onnx",
    "onnx/derived/resnet20_cifar10.onnx",
    "onnx/derived/squeezenet_imagenet_fp32_from_fp16.onnx",
    "onnx/stm32ai/mobilenet_v2_0.35_128_tfs_channel_first.onnx",
    "onnx/ultraface/version-RFB-320_simplified.onnx",
    "onnx/yolox/yolox_nano.onnx",
    "onnx/dtln/model_1.onnx",
    "onnx-with-published-io/mobilenetv2_qdq_int8/model.onnx",
)
TYPES = {"float32": numpy.float32, "float16": numpy.float16, "int8": numpy.int8, "uint8": numpy.uint8}


def inputs_of(tessera, model, folder):
    """Seeded inputs of a model, open extents 1: arrays by name, their files, the extents' names."""
    said = json.loads(subprocess.run([tessera, "info", str(model), "--json", "-"], check=True, capture_output=True, text=True).stdout)
    arrays, files, extents = {}, [], set()
    for place, tensor in enumerate(said["inputs"]):
        extents |= {extent for extent in tensor["shape"] if isinstance(extent, str)}
        shape = [extent if isinstance(extent, int) and extent > 0 else 1 for extent in tensor["shape"]]
        kind = TYPES[tensor["type"]]
        values = numpy.random.RandomState(place).randn(*shape)
        if kind in (numpy.int8, numpy.uint8):
            bounds = numpy.iinfo(kind)
            values = numpy.clip(numpy.round(values * 40) + (128 if kind == numpy.uint8 else 0), bounds.min, bounds.max)
        arrays[tensor["name"]] = values.astype(kind)
        files.append(os.path.join(folder, f"in{place}.npy"))
        numpy.save(files[-1], arrays[tensor["name"]])
    return arrays, files, sorted(extents - {"?"})


def ours(tessera, model, files, extents, cases, folder):
    """Seconds of the last of so many equal cases."""
    command = [tessera, "run", str(model), "--device", "cpu", "--input", *files * cases, "--json", "-", "--quiet", "--output", folder]
    for extent in extents:
        command += ["--extent", f"{extent}=1"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=600).stdout)["wall_seconds"]


def theirs(model, arrays):
    """Least seconds of a run, and the outputs."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    outputs, least, end = session.run(None, arrays), float("inf"), time.monotonic() + 1
    while time.monotonic() < end:
        start = time.perf_counter()
        session.run(None, arrays)
        least = min(least, time.perf_counter() - start)
    return least, outputs


def apart(outputs, folder):
    greatest = 0.0
    for place, output in enumerate(outputs):
        mine = numpy.load(os.path.join(folder, f"output_{place}.npy")).reshape(output.shape).astype(float)
        scale = max(float(numpy.abs(output.astype(float)).max()), 1e-9)
        greatest = max(greatest, float(numpy.abs(mine - output).max()) / scale)
    return greatest


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tessera")
    parser.add_argument("models", nargs="*")
    parser.add_argument("--cases", type=int, default=10)
    parser.add_argument("--most", type=float)
    options = parser.parse_args()
    root = pathlib.Path(os.environ.get("TESSERA_MODELS", pathlib.Path(__file__).parents[4] / "shared/models"))
    models = [pathlib.Path(model) for model in options.models] or [root / model for model in MODELS]
    if onnxruntime is None:
        print("no ONNX Runtime here (pip install onnxruntime): nothing to compare with")
    print(f"{'model':44} {'ORT ms':>9} {'ours ms':>9} {'first ms':>9} {'ratio':>6} {'apart':>8}")
    worst = 0.0
    for model in models:
        if not model.exists():
            print(f"{model.stem[-44:]:44} not there")
            continue
        with tempfile.TemporaryDirectory() as folder:
            arrays, files, extents = inputs_of(options.tessera, model, folder)
            first = ours(options.tessera, model, files, extents, 1, folder)
            outputs = theirs(model, arrays) if onnxruntime else None
            distance = apart(outputs[1], folder) if outputs else None
            mine = min(ours(options.tessera, model, files, extents, options.cases, folder) for _ in range(3))
        name = (model.parent.name if model.stem == "model" else model.stem)[-44:]
        peer = f"{outputs[0] * 1e3:9.3f}" if outputs else " " * 9
        ratio = mine / outputs[0] if outputs else 0.0
        end = f"{ratio:6.1f} {distance:8.1e}" if outputs else ""
        print(f"{name:44} {peer} {mine * 1e3:9.3f} {first * 1e3:9.3f} {end}", flush=True)
        worst = max(worst, ratio)
    if options.most and worst > options.most:
        sys.exit(f"a ratio of {worst:.1f} is above {options.most:g}")


main()
