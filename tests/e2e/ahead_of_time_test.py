"""Networks as shared libraries: made for a target, run there (other processors under qemu), and compared with what is known.

usage: ahead_of_time_test.py TESSERA CLANG TARGET [--cpu NAME] [--qemu-cpu NAME] [--networks NAME...] [--cases N]
                            [--instruction PATTERN] [--words PATTERN] [--needs FLAG...] [--mutant]

int8 networks byte for byte; float32 within 1e-4 of the output's greatest magnitude, as the tests of ONNX networks are.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading

import numpy as np

import networks

EXAMPLES = os.path.join(networks.ROOT, "examples", "ahead_of_time")
sys.path.insert(0, EXAMPLES)
import network as python_example  # noqa: E402

FLOATS = {"model_ic": "mlperf-tiny-results/model_ic", "model_kws": "mlperf-tiny-results/model_kws",
          "model_ad": "mlperf-tiny-results/model_ad", "vww_float": "mlperf-tiny-results/vww_96_float",
          "resnet20": "derived/resnet20_cifar10", "squeezenet": "derived/squeezenet_imagenet_fp32_from_fp16",
          "mobilenet_v2_int8": "../onnx-with-published-io/mobilenetv2_qdq_int8/model"}
OPEN = {"model_ic", "mobilenet_v2_int8"}  # their inputs have an open extent `batch`
AGAINST_CPU = {"mobilenet_v2_int8"}  # a float classifier behind int8, of which the reference leaves some roundings open (docs/onnx-input.md)
UINT8 = {"mobilenet_uint8": "mobilenet_v1_0.25_128_quant"}  # weights with zero points, depthwise layers
ALL_CHANNELS = {"ic", "ad"}  # no depthwise layers
WORDS = 40
LIBRARIES = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "libpthread.so.0"}
HOST = f"{os.uname().machine}-linux-gnu"


def command(*words, **options):
    result = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False, **options)
    if result.returncode != 0:
        raise SystemExit(f"{' '.join(words)}\nended with status {result.returncode}: {result.stderr.strip()} {result.stdout.strip()}")
    return result.stdout


def close(expected):
    def check(output):
        output, wanted = output.reshape(-1).astype(np.float64), expected.reshape(-1).astype(np.float64)
        greatest = max(np.abs(wanted).max(), 1e-30)
        part = np.abs(output - wanted).max() / greatest
        return None if part <= 1e-4 else f"differs by {part:.2g} of the greatest magnitude"
    return check


def uint8_network(folder, name):
    golden = os.path.join(folder, "goldens", "tflite-micro", "coral-test_data__" + UINT8[name])
    cases = []
    for entry in sorted(entry for entry in os.listdir(golden) if entry.startswith("case")):
        data, wanted = (np.load(os.path.join(golden, entry, f"{kind}_0.npy")) for kind in ("input", "output"))
        cases.append(networks.Case(entry, data, networks.exactly(wanted, np.uint8)))
    return os.path.join(folder, "tflite", "coral-test_data", UINT8[name] + ".tflite"), cases


def network_of(name):
    """(file, cases) of a network."""
    if name not in FLOATS and name not in UINT8:
        return networks.model_path(name), networks.cases_of(name)
    folder = networks.models_folder()
    if folder is None:
        networks.skip("no real networks here: set TESSERA_MODELS to their folder")
    if name in UINT8:
        return uint8_network(folder, name)
    path = os.path.join(folder, "onnx", FLOATS[name] + ".onnx")
    golden = os.path.join(folder, "goldens", "onnxruntime", FLOATS[name].removeprefix("../").replace("/", "__"))
    cases = []
    for entry in sorted(os.listdir(golden)):
        if entry.startswith("case"):
            data, wanted = (np.load(os.path.join(golden, entry, f"{kind}_0.npy")) for kind in ("input", "output"))
            cases.append(networks.Case(entry, data, close(wanted)))
    return path, cases


def missing_here(flags):
    """Those that /proc/cpuinfo does not tell of this machine."""
    with open("/proc/cpuinfo", encoding="utf-8") as stream:
        told = re.search(r"^(?:flags|Features)\s*:(.*)$", stream.read(), re.MULTILINE)
    return sorted(set(flags) - set(told.group(1).split() if told else ()))


class Target:
    def __init__(self, arguments, folder):
        self.tessera, self.clang, self.name, self.folder = arguments.tessera, arguments.clang, arguments.target, folder
        self.options = ["--cpu", arguments.cpu] if arguments.cpu else []
        self.launcher = []
        if self.name != HOST or arguments.qemu_cpu:
            self.launcher = [f"qemu-{self.name.split('-')[0]}", "-L", f"/usr/{self.name}" if self.name != HOST else "/"]
            self.launcher += ["-cpu", arguments.qemu_cpu] if arguments.qemu_cpu else []

    def make(self, model, name, extra=()):
        made = os.path.join(self.folder, name)
        command(self.tessera, "compile", model, "--target", self.name, "-o", made, *self.options, *extra)
        library = next(entry for entry in sorted(os.listdir(made)) if entry.endswith(".so"))
        return os.path.join(made, library)

    def build(self, source, include, output, *options):
        language = ["--driver-mode=g++", "-std=c++17"] if source.endswith(".cpp") else ["-std=c99"]
        warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wno-sign-conversion", "-Werror"]
        path = os.path.join(self.folder, output)
        command(self.clang, f"--target={self.name}", "-O1", "-fuse-ld=lld", *language, *warnings, "-I" + include, source, *options, "-o", path)
        return path

    def disassembled(self, library):
        features = ["--mattr=+dotprod"] if self.name.startswith("arm-") else []
        return command("llvm-objdump-19", "-d", *features, library)

    def run(self, program, *words, **options):
        return command(*self.launcher, program, *words, **options)


def outputs_of(target, program, library, case, threads="1"):
    """The first output's bytes of a run of the example describe.cpp."""
    given, got = os.path.join(target.folder, "input.bin"), os.path.join(target.folder, "output.bin")
    np.ascontiguousarray(case.data).tofile(given)
    name = os.path.basename(library)[3:-3]
    said = target.run(program, library, name, given, "-o", got, env={**os.environ, "THREADS": threads})
    output = re.search(r"^output .*: (\w+) \[([\d, ]+)\]", said, re.MULTILINE)
    shape = [int(extent) for extent in output.group(2).split(",")]
    return np.fromfile(got, np.dtype(output.group(1)))[:int(np.prod(shape))]


def against_cpu(target, model, case, extra):
    """The case with what device cpu answers."""
    given, got = os.path.join(target.folder, "input.npy"), os.path.join(target.folder, "cpu")
    np.save(given, case.data)
    command(target.tessera, "run", model, "--input", given, "--device", "cpu", "--output", got, "--quiet", *extra)
    return networks.Case(case.name + " against device cpu", case.data, close(np.load(os.path.join(got, "output_0.npy"))))


def dynamic_faults(library, name):
    """What the file needs and gives."""
    text = command("readelf", "-W", "-d", "--dyn-syms", library)
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", text))
    if not needed <= LIBRARIES:
        yield f"{name} needs {sorted(needed - LIBRARIES)}"
    given = {words[7] for words in map(str.split, text.splitlines()) if len(words) >= 8 and words[4] == "GLOBAL" and words[6] != "UND"}
    wanted = {f"{name}_{what}" for what in ("describe", "create", "destroy", "run", "run_in", "message")}
    if given != wanted:
        yield f"{name} gives {sorted(given ^ wanted)} too much or too little"


def thread_faults(library, cases):
    """Two instances run at the same time, and what one does is not seen in the other."""
    faults = []

    def work(mine):
        network = python_example.Network(library, threads=2)
        for _ in range(20):
            for case in mine:
                wrong = case.check(network(case.data)[0])
                if wrong:
                    faults.append(f"at the same time, {case.name}: {wrong}")
    threads = [threading.Thread(target=work, args=(cases[i::2],)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults


def count_faults(library, name, cases):
    """The same bytes on several threads."""
    one, more = (python_example.Network(library, threads)(cases[0].data) for threads in (1, 0))
    if any(a.tobytes() != b.tobytes() for a, b in zip(one, more)):
        yield f"{name} gives other bytes on several threads"


def argument_faults(library):
    network = python_example.Network(library)
    run = network._run  # noqa: SLF001
    if network._function("create", python_example.ctypes.c_int32)(-1, python_example.ctypes.byref(python_example.ctypes.c_void_p())) != 1:  # noqa: SLF001
        yield "a negative number of threads is not refused"
    if run(network._instance, None, None) != 1:  # noqa: SLF001
        yield "no inputs are not refused"
    pointers = (python_example.ctypes.c_void_p * 1)()
    if run(network._instance, pointers, pointers) != 1:  # noqa: SLF001
        yield "a null input is not refused"
    said = network._function("message", python_example.ctypes.c_char_p)(network._instance).decode()  # noqa: SLF001
    if said != "input 0 is null":
        yield f"of a null input it says {said!r}"


def example_faults(target, program, folder):
    """What the examples in C and Python say of the demonstration's first picture."""
    pictures = np.load(os.path.join(networks.ROOT, "examples", "shapes", "sheet.npy"))
    answers = np.load(os.path.join(networks.ROOT, "examples", "shapes", "sheet_expected.npy"))
    given = os.path.join(folder, "picture.bin")
    pictures[:1].tofile(given)
    best = int(answers[0].argmax())
    wanted = f"class {best} with {(int(answers[0][best]) + 128) / 256:.3f}\n"
    said = target.run(program, given)
    if said != wanted:
        yield f"classify.c says {said!r}, expected {wanted!r}"
    if target.launcher:
        return
    array = os.path.join(folder, "picture.npy")
    np.save(array, pictures[:1])
    said = command(sys.executable, "-B", os.path.join(EXAMPLES, "network.py"), os.path.join(folder, "shapes", "libshapes.so"), array)
    if said != f"softmax: {answers[0].tolist()}\n":
        yield f"network.py says {said!r}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tessera")
    parser.add_argument("clang")
    parser.add_argument("target")
    parser.add_argument("--cpu")
    parser.add_argument("--qemu-cpu")
    parser.add_argument("--networks", nargs="+", default=["shapes"])
    parser.add_argument("--cases", type=int, default=2)
    parser.add_argument("--needs", nargs="+", default=[], help="flags of /proc/cpuinfo without which libraries are made here and not run")
    parser.add_argument("--instruction", help="a regular expression that must fit a line of each network's code")
    parser.add_argument("--words", help=f"one that must fit {WORDS} lines of each network with depthwise layers: LLVM makes some of widened products, too")
    parser.add_argument("--mutant", action="store_true", help="change one byte of one answer: it must be found")
    arguments = parser.parse_args()
    faults, runs, missing = [], 0, missing_here(arguments.needs)
    with tempfile.TemporaryDirectory() as folder:
        target = Target(arguments, folder)
        for name in arguments.networks:
            model, cases = network_of(name)
            extra = ("--extent", "batch=1") if name in OPEN else ()
            library = target.make(model, name, extra)
            program = os.path.join(folder, "describe")
            if not os.path.exists(program):
                target.build(os.path.join(EXAMPLES, "describe.cpp"), os.path.dirname(library), "describe")
            faults += dynamic_faults(library, os.path.basename(library)[3:-3])
            if name in AGAINST_CPU:
                cases = [against_cpu(target, model, case, extra) for case in cases[:arguments.cases]]
            wanted = [(arguments.instruction, 1), (None if name in ALL_CHANNELS else arguments.words, WORDS)]
            code = target.disassembled(library) if arguments.instruction or arguments.words else ""
            for pattern, least in wanted:
                found = len(re.findall(rf"\b{pattern}\b", code)) if pattern else least
                faults += [f"{name} has {found} {pattern}, wanted {least}"] if found < least else []
            if missing:
                continue
            if not target.launcher:
                faults += count_faults(library, name, cases)
            for case in cases[:arguments.cases]:
                output = outputs_of(target, program, library, case)
                if target.launcher and not np.array_equal(output, outputs_of(target, program, library, case, threads="2")):
                    faults.append(f"{name}, {case.name}: other bytes on two threads")
                if arguments.mutant:
                    output.reshape(-1).view(np.uint8)[-1] ^= 1
                wrong = case.check(output)
                faults += [f"{name}, {case.name}: {wrong}"] if wrong else []
                runs += 1
            if name == "shapes":
                where = os.path.dirname(library)
                classify = target.build(os.path.join(EXAMPLES, "classify.c"), where, "classify", "-L" + where, "-lshapes", "-Wl,-rpath," + where)
                faults += example_faults(target, classify, folder)
                if not target.launcher:
                    faults += thread_faults(library, cases) + list(argument_faults(library))
    for fault in faults:
        print(fault)
    if missing:
        print(f"not run: this machine has no {', '.join(missing)}")
    print(f"{arguments.target} {arguments.cpu or ''}: {len(arguments.networks)} networks, {runs} runs, {len(faults)} faults")
    if arguments.mutant:
        return 0 if len(faults) == runs else 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
