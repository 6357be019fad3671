"""Compilers of others from PyPI for cpu_bench.py: IREE (ONNX) and TVM (ONNX, and TFLite with the package tflite).

A compiler has compile(model, shapes, file), which runs in a process of its own (`made`), so that neither a crash nor an endless search ends the bench, and is an engine (cpu_engines.py) of the file that it made.

usage: cpu_compilers.py COMPILER MODEL SHAPES FILE    SHAPES is JSON: one list an input; prints JSON: seconds and MiB, or the error
"""
import json
import os
import resource
import signal
import subprocess
import sys
import time

import cpu_engines as engines


class TooSlow(engines.Unfit):
    """The compiler did not end in time."""


class Killed(engines.Unfit):
    """A signal ended the compiler: for want of memory, as a rule."""


def made(compiler, model, shapes, file, limit):
    """{"seconds", "mib"} of compiling in a process of its own, at most `limit` seconds; else Unfit."""
    command = [sys.executable, "-B", os.path.abspath(__file__), compiler.__name__, model, json.dumps(shapes), file]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
    try:
        said, _ = process.communicate(timeout=limit)
    except BaseException as error:  # out of time, or the bench is interrupted
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise TooSlow(f"not compiled in {limit:g} s") from error
        raise
    if -process.returncode in (signal.SIGKILL, signal.SIGTERM, signal.SIGABRT):  # a person, or memory that ran out
        raise Killed(f"the compiler's process ended by signal {-process.returncode}")
    if process.returncode != 0 or not said.strip():
        raise engines.Unfit(f"the compiler's process ended with {process.returncode}")
    found = json.loads(said.splitlines()[-1])
    if "error" in found:
        raise engines.Unfit(found["error"])
    return found


def fixed(model, shapes):
    """The ONNX network with its inputs of these shapes."""
    onnx = engines.imported("onnx")
    network = onnx.load(model)
    constants = {tensor.name for tensor in network.graph.initializer}
    for tensor, shape in zip([tensor for tensor in network.graph.input if tensor.name not in constants], shapes):
        for extent, value in zip(tensor.type.tensor_type.shape.dim, shape):
            extent.dim_value = value
    return network


class Iree:
    """Convolutions take their channels last: on ResNet-18 that is 3.3 times as fast as the compiler's own choice."""
    label = "IREE"
    packages = ("iree-base-compiler", "iree-base-runtime", "onnx")
    made = "network.vmfb"
    endings = (".onnx",)
    threads = (1, 2)
    flags = ("--iree-hal-target-device=local", "--iree-hal-local-target-device-backends=llvm-cpu", "--iree-llvmcpu-target-cpu=host", "--iree-opt-level=O3",
             "--iree-preprocessing-pass-pipeline=builtin.module(util.func(iree-preprocessing-convert-conv-to-channels-last))")

    @staticmethod
    def package():
        engines.imported("iree.compiler", "iree-base-compiler")
        return engines.imported("iree.runtime", "iree-base-runtime")

    @staticmethod
    def compile(model, shapes, file):
        onnx = engines.imported("onnx")
        network = fixed(model, shapes)
        if any(entry.version < 17 for entry in network.opset_import if entry.domain in ("", "ai.onnx")):
            network = onnx.version_converter.convert_version(network, 17)
        onnx.save(network, file + ".onnx")
        folder = os.path.dirname(sys.executable)
        for command in ([os.path.join(folder, "iree-import-onnx"), file + ".onnx", "-o", file + ".mlir"], [os.path.join(folder, "iree-compile"), file + ".mlir", "-o", file, *Iree.flags]):
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            if result.returncode != 0:
                raise engines.Unfit(engines.first_line(result.stderr))

    def __init__(self, file, threads):
        runtime = self.package()
        begin = time.perf_counter()
        if threads == 1:
            config = runtime.Config("local-sync")
        else:
            runtime.flags.parse_flags(f"--task_topology_group_count={threads}")
            config = runtime.Config(device=runtime.get_driver("local-task").create_default_device())
        context = runtime.SystemContext(config=config)
        context.add_vm_module(runtime.VmModule.mmap(config.vm_instance, file))
        module = next(module for name, module in context.modules.items() if name != "hal")
        self._function = module[next(name for name in module.vm_module.function_names if not name.startswith("__") and not name.endswith("$async"))]
        self.start_ms = 1e3 * (time.perf_counter() - begin)

    def run(self, arrays):
        outputs = self._function(*arrays)
        return [output.to_host() for output in (outputs if isinstance(outputs, (list, tuple)) else [outputs])]


class Tvm:
    """The default pipeline for processors, without a search for schedules (hours): its loops are neither tiled nor parallel, so there is one thread."""
    label = "TVM"
    packages = ("apache-tvm", "onnx", "tflite")
    made = "network.so"
    endings = (".onnx", ".tflite")
    threads = (1,)

    @staticmethod
    def package():
        os.environ.setdefault("TVM_BIND_THREADS", "0")  # it would tie this process to a core
        tvm = engines.imported("tvm", "apache-tvm")
        engines.imported("tvm.relax", "apache-tvm")
        if not tvm.runtime.enabled("llvm"):
            raise engines.Unfit("this apache-tvm has no LLVM")
        return tvm

    @staticmethod
    def compile(model, shapes, file):
        tvm = Tvm.package()
        if model.endswith(".tflite"):
            from tvm.relax.frontend.tflite import from_tflite
            with open(model, "rb") as stream:
                module = from_tflite(engines.imported("tflite").Model.GetRootAsModel(stream.read(), 0))
        else:
            from tvm.relax.frontend.onnx import from_onnx
            module = from_onnx(fixed(model, shapes), keep_params_in_input=False)
        target = tvm.target.Target({"kind": "llvm", "mcpu": tvm.target.codegen.llvm_get_system_cpu()})
        tvm.compile(module, target=target).export_library(file)

    def __init__(self, file, threads):
        self._tvm = self.package()
        begin = time.perf_counter()
        self._main = self._tvm.relax.VirtualMachine(self._tvm.runtime.load_module(file), self._tvm.cpu())["main"]
        self.start_ms = 1e3 * (time.perf_counter() - begin)

    def run(self, arrays):
        outputs = self._main(*[self._tvm.runtime.tensor(array) for array in arrays])
        return [output.numpy() for output in ([outputs] if isinstance(outputs, self._tvm.runtime.Tensor) else outputs)]


COMPILERS = (Iree, Tvm)


def main():
    name, model, shapes, file = sys.argv[1:]
    compiler = next(compiler for compiler in COMPILERS if compiler.__name__ == name)
    out = os.dup(1)
    os.dup2(2, 1)  # what the packages print is not the answer
    try:
        compiler.package()
        begin = time.perf_counter()
        compiler.compile(model, json.loads(shapes), file)
        most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        answer = {"seconds": time.perf_counter() - begin, "mib": most / 1024}
    except Exception as error:  # noqa: BLE001  a compiler may refuse in any way
        answer = {"error": engines.first_line(error)}
    os.write(out, (json.dumps(answer) + "\n").encode())


if __name__ == "__main__":
    main()
