"""The lines of `./run bench`: what is measured, what is promised ("at most" and the aim, or "at least" where more is better), and what peers publish."""
from dataclasses import dataclass
from typing import Callable, Optional


@dataclass(frozen=True)
class Line:
    key: str
    what: str
    unit: str
    measure: Callable  # of a Bench: a figure, or the median of several and all of them
    target: Optional[float] = None
    aim: Optional[float] = None
    ideal: Optional[float] = None
    more_is_better: bool = False
    peer: Optional[float] = None
    peer_is: str = ""  # whose figure, and of what


def cycles(key, what, network, machine, **more):
    return Line(key, what, "cycles", lambda bench: bench.seeded(network, machine)["cycles"], **more)


def share(key, what, report, target=None, aim=None, **more):
    return Line(key, what, "% of MACs", lambda bench: 100 * report(bench)["utilization"], target, aim, 100, True, **more)


LINES = (
    cycles("resnet18_pynq", "ResNet-18, pynq", "resnet18", "pynq", target=7_600_000, aim=7_300_000, ideal=7_090_000, peer=7_729_601,
           peer_is="VTA's core, C2 to C11 alone; the rest is on a CPU"),
    cycles("resnet50_pynq", "ResNet-50, pynq", "resnet50", "pynq", target=17_500_000, aim=16_800_000, ideal=15_970_000),
    cycles("mobilenet_v2_pynq", "MobileNetV2, pynq", "mobilenet_v2", "pynq", target=1_960_000, aim=1_470_000, ideal=1_180_000),
    share("mobilenet_v2_share", "MobileNetV2, pynq", lambda bench: bench.seeded("mobilenet_v2", "pynq"), 60, 80, peer=15,
          peer_is="Ethos-U55, about; Gemmini 2"),
    share("resnet18_ultra96", "ResNet-18, ultra96", lambda bench: bench.seeded("resnet18", "ultra96"), 80, 88, peer=64,
          peer_is="a closed DPU"),
    share("resnet18_zcu104", "ResNet-18, zcu104", lambda bench: bench.seeded("resnet18", "zcu104"), 80, 88, peer=64, peer_is="a closed DPU"),
    share("vww_pynq", "visual wake words, pynq", lambda bench: bench.tiny("vww", "pynq"), 60, 75),
    Line("ic_tiny", "image classification, tiny", "cycles", lambda bench: bench.tiny("ic", "tiny")["cycles"], 215_000, 205_000, 195_000, peer=275_137,
         peer_is="best published on 64 MACs"),
    cycles("vta_c2_c11", "ResNet-18's C2 to C11, level vta", "resnet18_convolutions_vta", "pynq_vta", target=7_000_000, aim=6_800_000, ideal=6_620_000,
           peer=7_729_601, peer_is="VTA's core"),
    Line("vta_32x32_relu", "VTA 32x32 with ReLU, latency 1", "cycles", lambda bench: bench.vta_program("overlapped_32x32_relu"), 560, peer=750,
         peer_is="VTA's core"),
    Line("vta_16x16", "VTA 16x16, latency 1", "cycles", lambda bench: bench.vta_program("overlapped_16x16"), 170, peer=211, peer_is="VTA's core"),
    Line("verilated", "Verilated pynq, ResNet-18", "cycles/s", lambda bench: bench.verilated_speed(), more_is_better=True),
    Line("verilated_no_assert", "the same, assertions off", "cycles/s", lambda bench: bench.verilated_speed("--no-assertions"), 1_200_000, 2_000_000,
         more_is_better=True, peer=819_000, peer_is="VTA's core, clang 19 -O3 -march=native, a LeNet layer"),
    Line("functional", "functional model, ResNet-18", "s", lambda bench: bench.functional_seconds(), 0.15, 0.08, peer=1.0, peer_is="best known"),
    Line("compile", "tessera compile, ResNet-18, pynq", "s", lambda bench: bench.compile_seconds(), 8, 4),
    Line("compile_memory", "its peak memory", "MiB", lambda bench: bench.compile_memory()),
)
