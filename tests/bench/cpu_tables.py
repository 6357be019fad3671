"""The tables of cpu_bench.py: ours beside the peer that a network's format has, then other compilers; and the means."""
import numpy as np

import cpu_compilers
import cpu_engines as engines

NAME = 48


def peer_of(row, threads, key="least_ms"):
    """The figure of ONNX Runtime or LiteRT."""
    return next((row[key][f"{peer.label} {threads}"] for peer in engines.PEERS if f"{peer.label} {threads}" in row.get(key, {})), None)


def cell(value, digits=3, width=9):
    return " " * width if value is None else f"{value:{width}.{digits}f}"


def ratio(ours, theirs):
    return cell(ours / theirs if ours and theirs else None, 2, 6)


def distance(value):
    return " " * 8 if value is None else f"{value:8.1e}"


def print_head():
    print(f"{'ms, least of all runs':{NAME}} {'ours':>9} {'peer':>9} {'ratio':>6} {'ours 2':>9} {'peer 2':>9} {'ratio':>6} {'2 : 1':>6} {'GMAC/s':>7} {'% peak':>5} "
          f"{'start':>6} {'MiB':>7} {'peer':>7} {'comp s':>6} {'apart':>8}")


def print_row(row, peak):
    times = row["least_ms"]
    one, two = times.get("Tessera 1"), times.get("Tessera 2")
    if one is None:
        print(f"{row['network'][-NAME:]:{NAME}} not measured", flush=True)
        return
    peer_one, peer_two = peer_of(row, 1), peer_of(row, 2)
    rate = 1e-6 * row["multiply_accumulates"] / one
    top = peak.get(1, (0, 0))[1 if row["type"] == "int8" else 0]
    print(f"{row['network'][-NAME:]:{NAME}} {cell(one)} {cell(peer_one)} {ratio(one, peer_one)} {cell(two)} {cell(peer_two)} {ratio(two, peer_two)} {ratio(one, two)} {rate:7.1f} "
          f"{100 * rate / top if top else 0:5.1f} {cell(row['start_ms'].get('Tessera 1'), 2, 6)} {cell(row['memory_mib'].get('Tessera 1'), 1, 7)} "
          f"{cell(peer_of(row, 1, 'memory_mib'), 1, 7)} {row['compile_seconds']:6.1f} {distance(row.get('apart'))}", flush=True)


def print_compilers(rows):
    """Networks that another compiler took; nothing where none did. `>5000`: one inference takes longer than it was waited for."""
    rows = [row for row in rows if any(f"{compiler.label} 1" in {**row["least_ms"], **row.get("over_ms", {})} for compiler in cpu_compilers.COMPILERS)]
    if not rows:
        return
    head = f"{'other compilers, ms':{NAME}} {'ours':>9} {'ours 2':>9}"
    for compiler in cpu_compilers.COMPILERS:
        for threads in compiler.threads:
            head += f" {compiler.label + (f' {threads}' if threads > 1 else ''):>9} {'ratio':>6}"
        head += f" {'comp s':>6} {'MiB':>7} {'apart':>8}"
    print(head)
    for row in rows:
        times = row["least_ms"]
        line = f"{row['network'][-NAME:]:{NAME}} {cell(times.get('Tessera 1'))} {cell(times.get('Tessera 2'))}"
        for compiler in cpu_compilers.COMPILERS:
            for threads in compiler.threads:
                theirs, over = times.get(f"{compiler.label} {threads}"), row.get("over_ms", {}).get(f"{compiler.label} {threads}")
                shown = f"{f'>{over:.0f}':>9} {'':6}" if over else f"{cell(theirs)} {ratio(times.get(f'Tessera {threads}'), theirs)}"
                line += " " + shown
            facts = row["compilers"].get(compiler.label, {})
            line += f" {cell(facts.get('seconds'), 1, 6)} {cell(row['memory_mib'].get(compiler.label + ' 1'), 1, 7)} {distance(facts.get('apart'))}"
        print(line.rstrip())


def print_why(rows):
    """Why columns are empty: a line a network, or one where an engine says the same of many."""
    said = {}
    for row in rows:
        for engine, why in row["why_not"].items():
            said.setdefault((engine, why), []).append(row["network"])
    for (engine, why), networks in said.items():
        for network in networks if len(networks) < 4 else [f"{len(networks)} networks"]:
            print(f"{network}, {engine}: {why}")


def geometric_mean(values):
    return float(np.exp(np.mean(np.log(values)))) if values else None


def summary(rows):
    """{what: networks, how many of them took longer than the limit, and the mean of our time to the peer's, or to another compiler's; of those longer to the limit, so that the mean is too high}."""
    def mean(kind, threads, theirs, over=lambda row: None):
        key = f"Tessera {threads}"
        rows_of = [row for row in rows if row.get("type") == kind and key in row["least_ms"]]
        ratios = [row["least_ms"][key] / (theirs(row) or over(row)) for row in rows_of if theirs(row) or over(row)]
        return {"networks": len(ratios), "over_limit": sum(1 for row in rows_of if over(row)), "ours_to_peer": geometric_mean(ratios)}
    kinds = ("float32", "int8")
    result = {f"{kind}, {threads} threads": mean(kind, threads, lambda row, threads=threads: peer_of(row, threads)) for kind in kinds for threads in (1, 2)}
    for compiler in cpu_compilers.COMPILERS:
        for kind in kinds:
            for threads in compiler.threads:
                name = f"{compiler.label} {threads}"
                result[f"{kind}, {threads} threads, {compiler.label}"] = mean(kind, threads, lambda row, name=name: row["least_ms"].get(name),
                                                                              lambda row, name=name: row.get("over_ms", {}).get(name))
    return result


def print_means(means):
    for what, value in means.items():
        if value["networks"]:
            words = what.split(", ")
            whose = words[2] if len(words) > 2 else "the peer"
            over = f", {value['over_limit']} of them over the limit, which stands for their time" if value["over_limit"] else ""
            print(f"{', '.join(words[:2])}: {value['ours_to_peer']:.2f} of {whose}'s time{' at most' if over else ''}, geometric mean of {value['networks']} networks{over}")
