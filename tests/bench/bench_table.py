"""`./run bench`: every figure that the project promises, measured now, beside the promise and what peers publish; as a table and as JSON.

usage: bench_table.py --build BUILD [--json FILE] [--only KEY ...] [--runs N] [--list]

Cycle counts are exact, so they are measured once. Times are medians of N runs (5). A line whose program or network is not there says "not measured".
"""
import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile

import measure
from lines import LINES


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as stream:
        names = [line.split(":", 1)[1].strip() for line in stream if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def commit():
    result = subprocess.run(["git", "-C", measure.ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return result.stdout.strip() or "unknown"


def number(value):
    if value is None:
        return ""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 1 else f"{value:.4g}"


def verdict(line, value):
    """What the figure reaches: the aim, the target, or not; nothing where nothing is promised."""
    reaches = lambda bound: bound is not None and (value >= bound if line.more_is_better else value <= bound)
    if reaches(line.aim):
        return "aim"
    if line.target is None:
        return ""
    return "yes" if reaches(line.target) else "no"


def measured(line, bench):
    """The line's entry of the JSON."""
    entry = {"key": line.key, "what": line.what, "unit": line.unit, "ours": None, "runs": [], "reaches": "", "target": line.target, "aim": line.aim,
             "ideal": line.ideal, "more_is_better": line.more_is_better, "peer": line.peer, "peer_is": line.peer_is}
    try:
        figure = line.measure(bench)
    except (measure.NotMeasured, OSError, subprocess.SubprocessError, KeyError, SystemExit) as error:  # run_network ends so
        entry["not_measured"] = measure.reason_of(error)
        return entry
    entry["ours"], entry["runs"] = figure if isinstance(figure, tuple) else (figure, [figure])
    entry["reaches"] = verdict(line, entry["ours"])
    return entry


HEADER = ("", "unit", "ideal", "target", "aim", "ours", "reached", "peer")
FORM = "{:<34} {:<10} {:>11} {:>13} {:>13} {:>12} {:<7}  {}"


def show(line, entry):
    sign = ">= " if line.more_is_better else "<= "
    target, aim = (sign + number(bound) if bound is not None else "" for bound in (line.target, line.aim))
    peer = f"{number(line.peer)} ({line.peer_is})" if line.peer is not None else ""
    ours = number(entry["ours"]) if entry["ours"] is not None else "not measured"
    print(FORM.format(line.what, line.unit, number(line.ideal), target, aim, ours, entry["reaches"], peer).rstrip(), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--json")
    parser.add_argument("--only", nargs="*", default=[line.key for line in LINES])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    if arguments.list:
        for line in LINES:
            print(f"{line.key:<22} {line.what}, {line.unit}")
        return 0
    unknown = [key for key in arguments.only if key not in {line.key for line in LINES}]
    if unknown:
        sys.exit(f"error: no such line: {', '.join(unknown)} (--list shows them)")
    if arguments.runs < 1:
        sys.exit("error: --runs must be at least 1")
    document = {"date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "commit": commit(), "processor": processor(),
                "cores": os.cpu_count(), "system": platform.platform(), "times": f"medians of {arguments.runs}", "lines": []}
    print(f"{document['processor']}, {document['cores']} cores, {document['date']}, {document['commit']}; times are {document['times']} runs")
    print(FORM.format(*HEADER).rstrip())
    with tempfile.TemporaryDirectory(prefix="tessera-bench-") as folder:
        bench = measure.Bench(os.path.abspath(arguments.build), arguments.runs, folder)
        for line in LINES:
            if line.key in arguments.only:
                document["lines"].append(measured(line, bench))
                show(line, document["lines"][-1])
    for entry in document["lines"]:
        if entry["ours"] is None:
            print(f"not measured: {entry['what']}: {entry['not_measured']}")
    if arguments.json:
        try:
            with open(arguments.json, "w", encoding="utf-8") as stream:
                json.dump(document, stream, indent=1)
                stream.write("\n")
        except OSError as error:
            sys.exit(f"error: cannot write {arguments.json}: {error.strerror}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
