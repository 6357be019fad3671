"""`./run bench cpu`: networks on this CPU, ours beside PyPI's ONNX Runtime (ONNX) and LiteRT (TFLite), and IREE and TVM, one and two threads, as a table, JSON and a plot.

usage: cpu_bench.py --build BUILD [--json FILE] [--svg FILE] [--only TEXT ...] [--seconds S] [--rounds N] [--limit S] [--run-limit S] [--cache FOLDER] [--list | --prepare]

All engines of a network take the same seeded inputs and run by turns, each in a process of its own (cpu_process.py), S / N seconds each in each of N rounds; a time is the least of all runs (and the median stands in the JSON). The peak is what the processor's vectors do at most, measured beside (peak.c). An engine that is not installed, or does not take a network, has no figure; why stands below the table. What IREE and TVM compiled is kept (cpu_cache.py); --prepare does that alone, for all networks.
"""
import argparse
import contextlib
import datetime
import json
import os
import pathlib
import platform
import signal
import statistics
import subprocess
import sys
import tempfile

import numpy as np

import bench_table
import cpu_cache
import cpu_compilers
import cpu_engines as engines
import cpu_plot
import cpu_process
import cpu_tables as tables

SEEDED_INT8 = ("resnet18", "resnet50", "mobilenet_v2", "squeezenet")
SEEDED_FLOAT = (("resnet18", 1), ("light_resnet50", 6), ("light_squeezenet", 1))
LEAST_BYTES = 20000  # smaller files are tests of single operators


def models_of(root):
    """(name, file) of the networks in the models folder."""
    found = []
    for path in [*sorted(root.glob("onnx/**/*.onnx")), *sorted(root.glob("onnx-with-published-io/*/*.onnx")), *sorted(root.glob("tflite/**/*.tflite"))]:
        if "onnxruntime-qdq" not in path.parts and path.stat().st_size >= LEAST_BYTES:
            found.append((f"{path.parent.name}/{path.stem}" + path.suffix, str(path)))
    return found


def seeded(build, root, folder):
    """(name, how to make it) of networks with seeded weights: int8 ones by the tests' writer, float32 ones of published topologies."""
    writer = os.path.join(build, "tests", "compiler", "onnx", "tessera_onnx_write_network")
    script = root / "seeded-topologies" / "materialise_seeded.py"
    for name in SEEDED_INT8:
        path = os.path.join(folder, f"seeded_{name}_int8.onnx")
        yield f"seeded {name} int8", path, [writer, name, "1", path]
    for name, seed in SEEDED_FLOAT:
        path = os.path.join(folder, f"seeded_{name}.onnx")
        yield f"seeded {name} float32", path, [sys.executable, str(script), str(script.with_name(name + ".onnx")), str(seed), path]


def leave_out(row, key, error):
    """Says why an engine has no time in the row."""
    row["why_not"][key.rpartition(" ")[0]] = engines.first_line(error)
    if isinstance(error, cpu_process.OverLimit):
        row["over_ms"][key] = 1e3 * error.seconds


def measure(runners, seconds, rounds, row):
    """{key: [seconds of each run]}, the engines by turns; of one that ends on the way the row has why."""
    times = {key: [] for key in runners}
    for _ in range(rounds):
        for key, runner in runners.items():
            if key not in times or sum(times[key]) > 2 * seconds:  # a run is longer than its turn
                continue
            try:
                times[key] += runner.turn(seconds / rounds)
            except engines.Unfit as error:
                leave_out(row, key, error)
                del times[key]
    return times


def apart(a, b):
    """The greatest difference as a part of the greatest magnitude; nothing where the outputs differ in number."""
    if len(a) != len(b):
        return None
    part = 0.0
    for x, y in zip(a, b):
        x, y = np.asarray(x, np.float64).reshape(-1), np.asarray(y, np.float64).reshape(-1)
        if x.size != y.size:
            return None
        if x.size:
            part = max(part, float(np.abs(x - y).max() / max(np.abs(y).max(), 1e-9)))
    return part


def compiled(row, model, known, shapes, options):
    """(compiler, what it made, threads) of the other compilers that take the network. `known`: extents of the references."""
    for compiler in cpu_compilers.COMPILERS if options.limit > 0 else ():
        if not model.endswith(compiler.endings):
            continue
        try:
            compiler.package()
            file, facts = cpu_cache.Cache(options.cache).get(compiler, model, known, lambda: shapes, options.limit)
            row["compilers"][compiler.label] = {name: facts[name] for name in ("seconds", "mib")}
        except Exception as error:  # noqa: BLE001  a compiler may refuse in any way
            row["why_not"][compiler.label] = engines.first_line(error)
        else:
            yield compiler, file, compiler.threads


def shapes_of(ours):
    return [list(shape) for _, _, shape in ours.inputs]


def prepare(networks, tessera, options):
    """Lets the other compilers compile what is not kept yet."""
    cache, counts = cpu_cache.Cache(options.cache), {}
    for place, (name, path, make) in enumerate(networks, 1):
        with tempfile.TemporaryDirectory() as own:
            if make and subprocess.run(make, capture_output=True, check=False).returncode != 0:
                print(f"{place} of {len(networks)}  {name}: the network cannot be made", flush=True)
                continue
            known = engines.reference_extents(options.models, path)

            def shapes(path=path, known=known, own=own):
                return shapes_of(engines.Ours(engines.compile_ours(tessera, path, os.path.join(own, "library"), known)[0], 1))
            for compiler in cpu_compilers.COMPILERS:
                if not path.endswith(compiler.endings):
                    continue
                try:
                    compiler.package()
                    was = cache.kept(cache.entry(compiler, path, known), options.limit) is not None
                    _, facts = cache.get(compiler, path, known, shapes, options.limit)
                    said = f"compiled in {facts['seconds']:.1f} s" + (", before" if was else "")
                except Exception as error:  # noqa: BLE001  a compiler may refuse in any way
                    said = engines.first_line(error)
                count = counts.setdefault(compiler.label, [0, 0])
                count[0] += said.startswith("compiled")
                count[1] += 1
                print(f"{place} of {len(networks)}  {name}, {compiler.label}: {said}", flush=True)
    for label, (taken, of) in counts.items():
        print(f"{label}: {taken} of {of} networks compiled")


def row_of(name, model, tessera, options, folder):
    row = {"network": name, "least_ms": {}, "median_ms": {}, "start_ms": {}, "memory_mib": {}, "over_ms": {}, "why_not": {}, "compilers": {}}
    made = os.path.join(folder, "library")
    known = engines.reference_extents(options.models, model)
    try:
        library, row["compile_seconds"], row["compile_mib"], extents = engines.compile_ours(tessera, model, made, known)
    except engines.Unfit as error:
        row["why_not"]["Tessera"] = str(error)
        return row
    ours = engines.Ours(library, 1)
    row["multiply_accumulates"], row["extents"] = ours.macs, extents
    row["type"] = "int8" if "int8" in name or "quant" in name or "_q" in name or "ptq" in name or ours.inputs[0][1].kind in "iu" else "float32"
    candidates = [(engines.Ours, library, (1, 2))] + [(peer, model, (1, 2)) for peer in engines.PEERS if model.endswith(peer.endings)]
    candidates += compiled(row, model, known, shapes_of(ours), options)
    with contextlib.ExitStack() as stack:
        runners = started(row, candidates, library, options.run_limit, stack)
        for key, times in measure(runners, options.seconds, options.rounds, row).items():
            row["least_ms"][key], row["median_ms"][key] = 1e3 * min(times), 1e3 * statistics.median(times)
    return row


def compare(row, kind, key, ours, runner):
    """What comes out of an engine, beside what came out of ours on one thread."""
    if key == "Tessera 2":
        row["same_bytes_on_two_threads"] = [array.tobytes() for array in ours.outputs] == [array.tobytes() for array in runner.outputs]
    elif ours and kind is not engines.Ours:
        (row["compilers"][kind.label] if kind in cpu_compilers.COMPILERS else row)["apart"] = apart(ours.outputs, runner.outputs)


def started(row, candidates, library, limit, stack):
    """{key: process} of the engines that take the network; what their first runs show stands in the row. One that does not on one thread is not asked on two."""
    runners = {}
    for threads in (1, 2):
        for kind, file, _ in [candidate for candidate in candidates if threads in candidate[2] and candidate[0].label not in row["why_not"]]:
            key, most = f"{kind.label} {threads}", limit if kind in cpu_compilers.COMPILERS else cpu_process.START_SECONDS
            try:
                runner = cpu_process.Process(kind, file, threads, library, most)
                stack.callback(runner.close)
                compare(row, kind, key, runners.get("Tessera 1"), runner)
            except Exception as error:  # noqa: BLE001  an engine may refuse in any way
                leave_out(row, key, error)
                continue
            runners[key] = runner
            row["start_ms"][key], row["memory_mib"][key] = runner.start_ms, runner.mib
    return runners


def peaks(folder):
    """{threads: (float32, int8)} in 1e9 multiply-accumulates a second; empty without clang."""
    program = os.path.join(folder, "peak")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peak.c")
    wide = ["-mprefer-vector-width=512"] if platform.machine() == "x86_64" else []
    command = ["clang-19", "-O2", "-march=native", "-ffp-contract=fast", *wide, source, "-o", program, "-lpthread"]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        return {}
    found = {}
    for threads in (1, 2):
        words = subprocess.run([program, str(threads), "2"], capture_output=True, text=True, check=True).stdout.split()
        found[threads] = tuple(float(word) for word in words)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--json")
    parser.add_argument("--svg")
    parser.add_argument("--only", nargs="+", help="networks whose names hold one of these")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each engine on each network")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--limit", type=float, default=60, help="seconds for another compiler (IREE, TVM) to compile a network that is not kept yet; 0 leaves them out")
    parser.add_argument("--run-limit", type=float, default=5, help="seconds for one inference of what another compiler made; over it the table has the limit")
    parser.add_argument("--cache", default=os.path.join(engines.ROOT, "build", "peers", "compiled"), help="folder of what other compilers made")
    parser.add_argument("--prepare", action="store_true", help="compile with IREE and TVM what is not kept yet, and measure nothing; may be interrupted")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    for path in [path for path in (options.json, options.svg) if path]:
        folder = os.path.dirname(os.path.abspath(path))
        if os.path.isdir(path) or not os.access(path if os.path.exists(path) else folder, os.W_OK):
            parser.error(f"cannot write {path}")
    options.models = root = pathlib.Path(os.environ.get("TESSERA_MODELS") or os.path.join(engines.ROOT, "..", "shared", "models"))
    tessera = os.path.join(options.build, "tools", "tessera")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        networks = [("shapes.tflite", os.path.join(engines.ROOT, "examples", "shapes", "shapes.tflite"), None)]
        networks += [(name, path, None) for name, path in models_of(root)] + list(seeded(options.build, root, folder))
        networks = [entry for entry in networks if not options.only or any(text in entry[0] for text in options.only)]
        if not networks:
            parser.error(f"no network's name holds {' or '.join(options.only)}; --list has them all")
        if options.list:
            print("\n".join(name for name, _, _ in networks))
            return 0
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # compilers and engines that run end too
        if options.prepare:
            prepare(networks, tessera, options)
            return 0
        peak = peaks(folder)
        for threads, (real, whole) in peak.items():
            print(f"peak of {threads} threads: {real} float32 and {whole} int8 multiply-accumulates, 1e9 a second")
        tables.print_head()
        for name, path, make in networks:
            with tempfile.TemporaryDirectory() as own:
                if make and subprocess.run(make, capture_output=True, check=False).returncode != 0:
                    row = {"network": name, "least_ms": {}, "compilers": {}, "why_not": {"Tessera": "the network cannot be made (seeded float32 ones need the package onnx)"}}
                else:
                    row = row_of(name, path, tessera, options, own)
            rows.append(row)
            tables.print_row(row, peak)
    tables.print_compilers(rows)
    tables.print_why(rows)
    means = tables.summary(rows)
    tables.print_means(means)
    facts = {"date": datetime.date.today().isoformat(), "commit": bench_table.commit(), "processor": bench_table.processor(),
             "cores": os.cpu_count(), "system": platform.platform(), "peak_gmacs": {str(key): value for key, value in peak.items()}, "means": means, "rows": rows}
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    if options.svg:
        pathlib.Path(options.svg).write_text(cpu_plot.plot(facts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
