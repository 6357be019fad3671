"""ONNX networks whose authors publish inputs and outputs, and those with seeded weights, on the CPU: within 1e-4 of the greatest output, what is integer exactly.

usage: published_test.py TESSERA [--only TEXT] [--mutant]

Under the models folder: onnx-with-published-io/ (.npz, or TensorProto files), published/dory-int8-onnx/ (integers in float32: what the last layer of the list gives, and what
the network still makes of it) and, where the Python package onnx is there to write their weights, seeded-topologies/ against goldens/onnxruntime/.
"""
import argparse
import glob
import importlib.util
import os
import re
import subprocess
import sys
import tarfile
import tempfile

import numpy as np

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
SKIP = 77
TOLERANCE = 1e-4
SEEDED = {"resnet18": 1, "light_squeezenet": 1, "light_inception_v1": 1, "light_resnet50": 6}


def log_softmax(x):
    return x - x.max() - np.log(np.exp(x - x.max()).sum())


def direction_and_collision(x):
    return np.array([x[0], 1 / (1 + np.exp(-x[1]))])


# Network: shape of its input, its last listed layer, and what it makes of that.
DORY = {
    "NAS_Frontnet": ((1, 96, 160), 8, lambda x: x),
    "Residual_connection_test_1": ((1, 200, 200), 7, lambda x: 1 / (1 + np.exp(-x))),
    "TCN_T": ((1, 1, 140), 11, log_softmax),
    "dronet_2.0": ((1, 200, 200), 20, direction_and_collision),
    "eegnet_1d_8b_1xW": ((100, 1, 512), 6, lambda x: x),
    "proxylessnas_pulp_dronet": ((1, 200, 200), 22, direction_and_collision),
}


def fields(data):
    """(number, value) of a protobuf message: integers, or bytes."""
    at = 0

    def integer():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = integer()
        if key & 7 == 0:
            yield key >> 3, integer()
        else:
            size = {1: 8, 5: 4}.get(key & 7) or integer()
            yield key >> 3, data[at:at + size]
            at += size


def tensor_of(path):
    """The float32 numbers of a TensorProto file."""
    shape, values = [], b""
    with open(path, "rb") as stream:
        for number, value in fields(stream.read()):
            if number == 1:
                shape += [value] if isinstance(value, int) else list(value)
            elif number in (4, 9):
                values += value
    return np.frombuffer(values, np.float32).reshape([extent for extent in shape])


def inputs_of(path):
    """How many inputs an ONNX file has besides its initialisers."""
    with open(path, "rb") as stream:
        graph = next(value for number, value in fields(stream.read()) if number == 7)
    names = {5: [], 11: []}
    for number, value in fields(graph):
        if number in names:
            names[number] += [text for key, text in fields(value) if key == (8 if number == 5 else 1)]
    return len(set(names[11]) - set(names[5]))


def published(models, _):
    for path in sorted(glob.glob(os.path.join(models, "onnx-with-published-io", "**", "*.onnx"), recursive=True)):
        folder = os.path.dirname(path)
        name = os.path.relpath(folder, os.path.join(models, "onnx-with-published-io"))
        data = os.path.join(folder, "test_data_set_0")
        if name == "mobilenetv2_qdq_int8":
            continue  # quantised: models_test and layers_test
        if os.path.isdir(data):
            yield name, path, [tensor_of(os.path.join(data, "input_0.pb"))], [tensor_of(os.path.join(data, "output_0.pb"))]
        elif os.path.exists(os.path.join(folder, "inputs.npz")):
            inputs, outputs = np.load(os.path.join(folder, "inputs.npz")), np.load(os.path.join(folder, "outputs.npz"))
            count = inputs_of(path)  # weights stand behind them
            yield name, path, [inputs[key] for key in inputs.files[:count]], [outputs[key] for key in outputs.files]


def numbers_of(path):
    with open(path, encoding="ascii") as stream:
        lines = stream.read().replace("\\", "").split("\n")[1:]
    return np.array([float(word) for line in lines for word in re.split("[, ]+", line) if word])


def dory(models, folder):
    for name, (shape, last, finish) in DORY.items():
        archive = os.path.join(models, "published", "dory-int8-onnx", name + ".tar.xz")
        if not os.path.exists(archive):
            continue
        with tarfile.open(archive) as stream:
            stream.extractall(folder, filter="data") if hasattr(tarfile, "data_filter") else stream.extractall(folder)
        where = os.path.join(folder, name)
        picture = numbers_of(os.path.join(where, "input.txt")).astype(np.float32).reshape(*shape[1:], shape[0])
        expected = finish(numbers_of(os.path.join(where, f"out_layer{last}.txt")))
        yield "dory/" + name, glob.glob(os.path.join(where, "*.onnx"))[0], [np.moveaxis(picture, -1, 0)[None]], [expected]


def seeded(models, folder):
    python = sys.executable if importlib.util.find_spec("onnx") else os.environ.get("TESSERA_PEERS_PYTHON")
    if not python:
        print("seeded topologies: skipped, the Python package onnx is neither here nor in TESSERA_PEERS_PYTHON")
        return
    for name, seed in SEEDED.items():
        model = os.path.join(folder, name + ".onnx")
        script = os.path.join(models, "seeded-topologies", "materialise_seeded.py")
        subprocess.run([python, "-B", script, os.path.join(models, "seeded-topologies", name + ".onnx"), str(seed), model], check=True)
        for case in sorted(glob.glob(os.path.join(models, "goldens", "onnxruntime", f"seeded__{name}_seed{seed}", "case*"))):
            yield f"{name} {os.path.basename(case)}", model, [np.load(os.path.join(case, "input_0.npy"))], [np.load(os.path.join(case, "output_0.npy"))]


def run(tessera, model, inputs, folder):
    paths = []
    for i, array in enumerate(inputs):
        paths.append(os.path.join(folder, f"input_{i}.npy"))
        np.save(paths[-1], np.ascontiguousarray(array))
    command = [tessera, "run", model, "--device", "cpu", "--quiet", "--output", folder, "--input", *paths]
    result = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if result.returncode != 0:
        return None, result.stderr.strip()
    return [np.load(os.path.join(folder, f"output_{i}.npy")) for i in range(len(glob.glob(os.path.join(folder, "output_*.npy"))))], None


def fault_of(got, expected):
    """What is wrong with the results, or nothing, and the greatest difference."""
    ours = np.concatenate([array.reshape(-1).astype(np.float64) for array in got])
    theirs = np.concatenate([array.reshape(-1).astype(np.float64) for array in expected])
    if ours.shape != theirs.shape:
        return f"{ours.size} numbers, expected {theirs.size}", 0
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    finite = np.isfinite(theirs)
    greatest = np.abs(theirs[finite]).max(initial=1e-3)
    apart = float((np.abs(np.where(same | ~finite, 0, ours - np.where(finite, theirs, 0))) / greatest).max(initial=0))
    fits = apart <= TOLERANCE and (same | finite).all() and not np.isnan(apart)
    return (None if fits else f"differs by {apart:.2g} of the greatest"), apart


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tessera")
    parser.add_argument("--only", default="", help="networks whose name has this text")
    parser.add_argument("--mutant", action="store_true", help="change one number of each expected output: all must be found")
    arguments = parser.parse_args()
    models = os.environ.get("TESSERA_MODELS", os.path.join(ROOT, "..", "shared", "models"))
    if not os.path.isdir(models):
        print(f"skipped: no models folder {models}")
        return SKIP
    checked, faults = 0, []
    with tempfile.TemporaryDirectory() as folder:
        for source in (published, dory, seeded):
            for name, model, inputs, expected in source(models, folder):
                if arguments.only not in name:
                    continue
                checked += 1
                if arguments.mutant:
                    expected = [np.array(array, np.float64) for array in expected]
                    expected[0].reshape(-1)[0] += 1 + 1e-3 * np.abs(expected[0]).max()
                with tempfile.TemporaryDirectory() as outputs:
                    got, fault = run(arguments.tessera, model, inputs, outputs)
                if got is not None:
                    fault, apart = fault_of(got, expected)
                    print(f"{name}: at most {apart:.2g} of the greatest")
                if fault:
                    faults.append(f"{name}: {fault}")
    print("\n".join(faults))
    print(f"{checked} networks and cases, {len(faults)} faults")
    return (0 if checked and len(faults) == checked else 1) if arguments.mutant else (1 if faults or not checked else 0)


if __name__ == "__main__":
    sys.exit(main())
