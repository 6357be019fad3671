"""Every operator of a network by itself, fed with ONNX Runtime's own tensors: one step of its result at most, and none where the arithmetic is determined.

usage: layers_test.py TESSERA [--network NAME ...] [--device D] [--mutant]

The network is cut behind each QuantizeLinear (float16: behind each operator): what was read there becomes an input, what was written an output. The inputs are the tensors
of ONNX Runtime without optimisation, so no layer sees the differences of those before it. The results are held against ONNX Runtime's on the cut network: with optimisation, which
runs DequantizeLinear, operator, QuantizeLinear in integers, and without, in float32 as the file spells them out. Sums of float16 numbers, which are added in float32 in another
order, may besides be 1e-6 of the tensor's greatest magnitude away, which near zero is many steps. docs/onnx-input.md has the figures.

ONNX Runtime and onnx are peers from PyPI (pip install onnx onnxruntime): without them, also in the Python of TESSERA_PEERS_PYTHON, the test is skipped.
"""
import argparse
import collections
import glob
import json
import os
import subprocess
import sys
import tempfile

SKIP = 77
try:
    import numpy as np
    import onnx
    import onnxruntime
except ImportError as missing:
    peers = os.environ.pop("TESSERA_PEERS_PYTHON", None)
    if peers:
        os.execv(peers, [peers, "-B", *sys.argv])
    print(f"skipped: {missing}")
    sys.exit(SKIP)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
QDQ16 = "onnx/onnxruntime-qdq/qdq_with_multi_consumer_dq_nodes.fixed."
# name: model under the models folder, its cases under goldens/onnxruntime/
NETWORKS = {
    "mobilenet_v2": ("onnx-with-published-io/mobilenetv2_qdq_int8/model.onnx", "onnx-with-published-io__mobilenetv2_qdq_int8__model"),
    "qdq16": (QDQ16 + "qdq16.onnx", "onnxruntime-qdq__qdq_with_multi_consumer_dq_nodes.fixed.qdq16"),
    "qdq16_contrib": (QDQ16 + "qdq16_contrib.onnx", "onnxruntime-qdq__qdq_with_multi_consumer_dq_nodes.fixed.qdq16_contrib"),
    "squeezenet_fp16": ("onnx/winml-samples/SqueezeNet_fp16.onnx", "winml-samples__SqueezeNet_fp16"),
}
PASSED_THROUGH = {"Relu", "Clip", "Identity", "DequantizeLinear"}
ORDER_OF_SUMS = 1e-6  # of the greatest magnitude: what float32 sums in another order may differ by
# Sums of products of bytes: int32, then one scale, in ONNX Runtime's integer kernels and here.
DETERMINED = {"Conv", "Gemm", "MatMul", "QuantizeLinear"}


def run_runtime(model, feeds, optimised):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    level = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimised else level.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds)))


def places_of(model):
    """What is cut: (tensor, operator that makes it)."""
    makers = {output: node for node in model.graph.node for output in node.output}
    constants = {tensor.name for tensor in model.graph.initializer}

    def operator(node):
        while node.op_type in PASSED_THROUGH and node.input[0] in makers:
            node = makers[node.input[0]]
        return node.op_type

    def is_constant(name):
        return name in constants or name in makers and all(map(is_constant, makers[name].input))

    halves = any(value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT16 for value in model.graph.input)
    for node in model.graph.node:
        if is_constant(node.output[0]):
            continue
        if node.op_type == "QuantizeLinear" and node.input[0] in makers:
            yield node.output[0], operator(makers[node.input[0]])
        elif node.op_type == "QuantizeLinear":
            yield node.output[0], "QuantizeLinear"
        elif halves and node.op_type != "Dropout":
            yield node.output[0], node.op_type


def exposed(model, places):
    """The network with further results."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    known = {output.name for output in made.graph.output}
    made.graph.output.extend(onnx.ValueInfoProto(name=name) for name, _ in places if name not in known)
    return made


def cut(model, tensors):
    """The network whose operators read `tensors` from outside, and (input, tensor) in the order of the inputs."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    results = {output.name for output in made.graph.output}
    for node in made.graph.node:
        for i, name in enumerate(node.input):
            if name in tensors:
                node.input[i] = name + "_fed"
    read = {name for node in made.graph.node for name in node.input}
    made.graph.ClearField("value_info")
    for name, array in tensors.items():
        kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
        if name + "_fed" in read:
            made.graph.input.append(onnx.helper.make_tensor_value_info(name + "_fed", kind, array.shape))
        if name not in results:
            made.graph.output.append(onnx.helper.make_tensor_value_info(name, kind, array.shape))
    return made


def run_tessera(tessera, model, feeds, device, folder):
    path = os.path.join(folder, "cut.onnx")
    onnx.save(model, path)
    constants = {tensor.name for tensor in model.graph.initializer}
    command = [tessera, "run", path, "--device", device, "--quiet", "--output", os.path.join(folder, device), "--json", os.path.join(folder, "report.json")]
    command += [f"--extent={value.type.tensor_type.shape.dim[0].dim_param}=1" for value in model.graph.input
                if value.type.tensor_type.shape.dim and value.type.tensor_type.shape.dim[0].dim_param]
    command.append("--input")
    for i, value in enumerate(value for value in model.graph.input if value.name not in constants):
        command.append(os.path.join(folder, f"{i}.npy"))
        np.save(command[-1], feeds[value.name])
    result = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    if result.returncode != 0:
        sys.exit(f"{command[1]} of the cut network ended with status {result.returncode}: {result.stderr.strip()}")
    with open(os.path.join(folder, "report.json"), encoding="utf-8") as stream:
        placed = collections.Counter(layer["placement"] for layer in json.load(stream)["layers"])
    return {output.name: np.load(os.path.join(folder, device, f"output_{i}.npy")) for i, output in enumerate(model.graph.output)}, placed


def steps_apart(got, wanted):
    """How many steps each value is from another; of float16 the places among all float16 numbers, none where the order of a sum explains it."""
    if got.dtype != np.float16:
        return np.abs(got.astype(np.int64) - wanted.astype(np.int64))
    places = []
    for array in (got, wanted):
        bits = array.view(np.int16).astype(np.int64)
        places.append(np.where(bits < 0, -(bits & 0x7FFF), bits))
    difference = np.abs(got.astype(np.float64) - wanted.astype(np.float64))
    return np.where(difference <= ORDER_OF_SUMS * np.abs(wanted.astype(np.float64)).max(), 0, np.abs(places[0] - places[1]))


def check(tessera, models, name, device, mutant, folder):
    file, golden = NETWORKS[name]
    model = onnx.load(os.path.join(models, file))
    cases = sorted(glob.glob(os.path.join(models, "goldens", "onnxruntime", golden, "case*", "input_0.npy")))
    places = list(places_of(model))
    if not cases or not places:
        sys.exit(f"{name}: no cases, or nothing to cut")
    constants = {tensor.name for tensor in model.graph.initializer}
    first = next(value.name for value in model.graph.input if value.name not in constants)
    counts = collections.defaultdict(collections.Counter)
    faults = []
    for number, case in enumerate(cases):
        feeds = {first: np.load(case)}
        reference = run_runtime(exposed(model, places), feeds, False)
        tensors = {tensor: reference[tensor] for tensor, _ in places}
        made = cut(model, tensors)
        feeds.update({tensor + "_fed": array for tensor, array in tensors.items()})
        wanted = {value.name for value in made.graph.input}
        feeds = {key: array for key, array in feeds.items() if key in wanted}
        fused, plain = run_runtime(made, feeds, True), run_runtime(made, feeds, False)
        ours, placed = run_tessera(tessera, made, feeds, device, folder)
        if mutant and number == 0:
            flat = ours[places[-1][0]].reshape(-1)
            flat[0] = flat[0] - 2 if flat[0] > 2 else flat[0] + 2
        for tensor, operator in places:
            apart = {kind: steps_apart(ours[tensor], array[tensor]) for kind, array in (("optimised", fused), ("plain", plain))}
            count = counts[operator]
            count["layers"] += number == 0
            count["values"] += ours[tensor].size
            for kind, array in (("optimised", fused), ("plain", plain)):
                count[kind] += int(np.count_nonzero(ours[tensor] != array[tensor]))
            most = int(np.minimum(*apart.values()).max())
            count["most"] = max(count["most"], most)
            if most > 1:
                faults.append(f"case {number}, {operator} {tensor}: {most} steps from ONNX Runtime")
            if operator in DETERMINED and placed["npu"] and apart["optimised"].any():
                faults.append(f"case {number}, {operator} {tensor}: {np.count_nonzero(apart['optimised'])} values differ from the integer kernel's")
    for operator, count in sorted(counts.items()):
        print(f"{name} on {device}: {operator}: {count['layers']} layers, {count['values']} values, {count['optimised']} differ from the optimised kernels, "
              f"{count['plain']} from the plain ones, by at most {count['most']} steps from the nearer")
    return faults


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tessera")
    parser.add_argument("--network", nargs="*", default=list(NETWORKS))
    parser.add_argument("--device", default="functional")
    parser.add_argument("--mutant", action="store_true", help="move one value by two steps: it must be found")
    arguments = parser.parse_args()
    models = os.environ.get("TESSERA_MODELS", os.path.join(ROOT, "..", "shared", "models"))
    if not os.path.isdir(models):
        print(f"skipped: no models folder {models}")
        return SKIP
    faults = []
    for name in arguments.network:
        with tempfile.TemporaryDirectory() as folder:
            faults += check(arguments.tessera, models, name, arguments.device, arguments.mutant, folder)
    print("\n".join(faults[:20]))
    if arguments.mutant:
        return 0 if faults and "steps from ONNX Runtime" in faults[0] else 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
