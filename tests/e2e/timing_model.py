"""The timing model (isa/timing.h, the cycles of device functional) against the Verilated core, layer by layer.

usage: timing_model.py --self-test: the comparison itself finds planted errors. Others call `faults`.
"""
import sys

# A layer may be off by the share or, if it is short, by so many cycles: a burst of instructions that comes a little earlier or later than
# the model thinks may hold up a load until results have passed.
LAYER_SHARE, LAYER_CYCLES = 0.03, 100
WHOLE_SHARE, WHOLE_CYCLES = 0.005, 30  # and a network by this, or, if it is short, by so many cycles


def faults(cycle, functional):
    """Lines that say what is off between a report of device cycle and one of device functional, and the errors of all layers."""
    lines, errors = [], []
    pairs = [(one, other) for one, other in zip(cycle["layers"], functional["layers"]) if one["cycles"]]
    for measured, estimate in pairs:
        off = estimate["cycles"] - measured["cycles"]
        errors.append(off / measured["cycles"])
        if abs(off) > max(LAYER_SHARE * measured["cycles"], LAYER_CYCLES):
            lines.append(f"layer {measured['name']}: {measured['cycles']} cycles, {estimate['cycles']} by the timing model")
    if abs(functional["cycles"] - cycle["cycles"]) > max(WHOLE_SHARE * cycle["cycles"], WHOLE_CYCLES):
        lines.append(f"{cycle['cycles']} cycles in all, {functional['cycles']} by the timing model")
    return lines, errors


def distribution(errors):
    if not errors:  # level vta has no marks
        return "timing model: no layer is timed by itself"
    within = [sum(abs(error) <= bound for error in errors) / len(errors) for bound in (0.01, 0.03)]
    return (f"timing model, {len(errors)} layers: mean error {sum(map(abs, errors)) / len(errors):.2%}, within 1 % {within[0]:.1%}, "
            f"within 3 % {within[1]:.1%}, worst {max(map(abs, errors)):.1%}")


def self_test():
    def report(*cycles):
        return {"cycles": sum(cycles), "layers": [{"name": f"layer {i}", "cycles": c} for i, c in enumerate(cycles)]}
    measured = report(10000, 0, 200, 50000)
    expected = [(report(10000, 0, 200, 50000), 0), (report(10099, 0, 300, 50000), 0), (report(10301, 0, 200, 49700), 1),
                (report(10000, 0, 301, 50000), 1), (report(10290, 0, 200, 50020), 1), (report(9600, 0, 200, 52000), 3)]
    for estimate, count in expected:
        if len(faults(measured, estimate)[0]) != count:
            print(f"{estimate}: {faults(measured, estimate)[0]}, {count} faults expected")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(self_test())
