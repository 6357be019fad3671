"""Checks every `#include` line against the table of rooms (docs/architecture.md).

An include is resolved to a room (by its public prefix, or by the file it names) or to an outside library (by its prefix);
the table says what each room may use. An include that resolves to neither is a fault too, so nothing slips through.

usage: check_layering.py ROOT
"""
import os
import re
import sys

ROOMS = ("isa", "hw_rtl", "simulator", "driver", "compiler", "fpga", "tools", "tests", "examples", "cmake")
CPP = (".cpp", ".h", ".c", ".inc")
VERILOG = (".v", ".sv", ".vh", ".svh")

# Room: the rooms whose public headers it may include, and the outside libraries (POSIX counts as one).
TABLE = {
    "isa": ((), ()),
    "hw_rtl": ((), ("verilated",)),
    "simulator": (("isa",), ("posix", "verilated", "systemc", "fst", "json")),
    "driver": (("isa",), ("posix", "json", "systemc", "llvm")),
    "compiler": (("isa", "driver"), ("posix", "mlir", "llvm", "flatbuffers", "onnx", "json", "sqlite", "xgboost")),
    "fpga": (("isa", "driver"), ("posix", "json")),
    "tools": (("isa", "simulator", "driver", "compiler"), ("posix", "cli", "json", "png")),
    "examples": (("isa", "simulator", "driver", "compiler"), ("posix", "cli", "json", "png")),
    "tests": (("isa", "simulator", "driver", "compiler", "hw_rtl", "fpga", "tools", "examples"),
              ("posix", "cli", "json", "png", "mlir", "llvm", "flatbuffers", "onnx", "sqlite", "systemc", "verilated", "fst", "gtest", "benchmark")),
    "cmake": ((), ()),
}

# Folders of the driver that adapt one simulator to the device interface: only they may name it.
BACKENDS = ("null", "functional", "cycle", "systemc", "plugin", "remote")

# Public header prefix -> room. The last of the compiler are what `tessera compile --target` writes.
PUBLIC = (("tessera/isa/", "isa"), ("tessera/simulator/", "simulator"), ("tessera/compiler/", "compiler"), ("tessera/npu/", "compiler"),
          ("tessera/compiler.h", "compiler"), ("tessera_network.h", "compiler"), ("shapes.h", "compiler"), ("tessera/tools/", "tools"), ("tessera/driver/", "driver"), ("tessera/", "driver"))

LIBRARIES = (
    (r"mlir(-c)?/", "mlir"), (r"llvm(-c)?/", "llvm"), (r"flatbuffers/", "flatbuffers"),
    (r"onnx/|google/protobuf/", "onnx"), (r"nlohmann/", "json"), (r"CLI/", "cli"),
    (r"gtest/|gmock/", "gtest"), (r"benchmark/", "benchmark"), (r"png\.h$", "png"), (r"sqlite3\.h$", "sqlite"), (r"xgboost/", "xgboost"), (r"fst/|fstapi\.h$", "fst"),
    (r"systemc|tlm|sysc/", "systemc"), (r"verilated|svdpi\.h$|V[a-z_0-9]+(___\w+)?\.h$", "verilated"),
    (r"(sys|netinet|arpa|linux)/|(unistd|fcntl|dlfcn|pthread|poll|sched|termios|spawn|dirent|elf|link|glob|immintrin|x86intrin|arm_neon)\.h$",
     "posix"),
)

STANDARD = set("""algorithm any array atomic barrier bit bitset charconv chrono cinttypes climits clocale cmath compare complex concepts
condition_variable coroutine csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring ctime cwchar deque exception execution
filesystem format forward_list fstream functional future initializer_list iomanip ios iosfwd iostream istream iterator latch limits list
locale map memory memory_resource mutex new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator semaphore
set shared_mutex source_location span sstream stack stdexcept stop_token streambuf string string_view strstream system_error thread tuple
type_traits typeindex typeinfo unordered_map unordered_set utility valarray variant vector version cassert cerrno cfenv cfloat cctype
assert.h ctype.h errno.h fenv.h float.h inttypes.h limits.h math.h setjmp.h signal.h stdarg.h stdbool.h stddef.h stdint.h stdio.h
stdatomic.h stdlib.h string.h time.h""".split())

# Generated headers that stand in no source folder: pattern -> room that makes them.
GENERATED = ((r"\.(h|cpp)\.inc$|(^|/)(Npu|npu)\w*\.inc$", "compiler"), (r"_generated\.h$|^tuning_version\.h$", "compiler"))

CPP_INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")')
VERILOG_INCLUDE = re.compile(r'^\s*`include\s+"([^"]+)"')


def room_of(path):
    return path.split("/", 1)[0]


def backend_of(path):
    """The backend folder of the driver that holds `path`, or None."""
    if room_of(path) != "driver":
        return None
    found = [part for part in path.split("/")[1:-1] if part in BACKENDS]
    return found[0] if found else None


class Tree:
    """The repository's files, as paths relative to its root."""

    def __init__(self, root):
        self.root = root
        self.paths = []
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(f for f in folders if f not in ("build", ".git", "__pycache__"))
            relative = os.path.relpath(folder, root).replace(os.sep, "/")
            if relative.split("/")[0] in ROOMS:
                self.paths += [f"{relative}/{name}" for name in sorted(names)]
        self.known = set(self.paths)

    def resolve(self, includer, name):
        """The repository file that `name` means in `includer`, or None."""
        beside = os.path.normpath(os.path.join(os.path.dirname(includer), name)).replace(os.sep, "/")
        if beside in self.known:
            return beside
        if name in self.known:
            return name
        endings = [path for path in self.paths if path.endswith("/" + name)]
        own = [path for path in endings if room_of(path) == room_of(includer)]
        return (own or endings or [None])[0]


def target_of(tree, includer, name, quoted):
    """("room", room, path), ("library", name, None), ("standard", ...) or None when unknown."""
    for prefix, room in PUBLIC:
        if name.startswith(prefix):
            return "room", room, tree.resolve(includer, name)
    path = tree.resolve(includer, name) if quoted else None
    if path:
        return "room", room_of(path), path
    if name in STANDARD:
        return "standard", name, None
    for pattern, library in LIBRARIES:
        if re.match(pattern, name):
            return "library", library, None
    for pattern, room in GENERATED:
        if re.search(pattern, name):
            return "room", room, None
    return None


def fault_of(tree, includer, name, quoted):
    """What is wrong with `includer` including `name`; None when nothing is."""
    room = room_of(includer)
    target = target_of(tree, includer, name, quoted)
    if target is None:
        return f"cannot tell whose {name} is"
    kind, owner, path = target
    rooms, libraries = TABLE[room]
    if kind == "standard":
        return None
    if kind == "library":
        return None if owner in libraries else f"{room} may not use the library {owner} ({name})"
    if owner == room:
        mine, theirs = backend_of(includer), backend_of(path) if path else None
        if theirs and theirs != mine:
            return f"backend {theirs} is private to its folder ({name})"
        return None
    if owner == "tests":
        return f"nobody may use tests ({name})"
    if room == "driver" and owner == "simulator" and backend_of(includer):
        return None
    if owner not in rooms:
        return f"{room} may not use {owner} ({name})"
    public = any(name.startswith(prefix) for prefix, _ in PUBLIC)
    if room != "tests" and not public:
        return f"{room} may use public headers of {owner} only ({name})"
    return None


def faults_of(root):
    tree = Tree(root)
    for path in tree.paths:
        if not path.endswith(CPP + VERILOG):
            continue
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as stream:
            for number, line in enumerate(stream, 1):
                match = CPP_INCLUDE.match(line) if path.endswith(CPP) else None
                verilog = VERILOG_INCLUDE.match(line) if path.endswith(VERILOG) else None
                fault = None
                if match:
                    fault = fault_of(tree, path, match.group(1) or match.group(2), match.group(2) is not None)
                elif verilog:
                    target = tree.resolve(path, verilog.group(1))
                    if room_of(path) == "hw_rtl" and target and room_of(target) not in ("hw_rtl", "isa"):
                        fault = f"hw_rtl may not use {room_of(target)} ({verilog.group(1)})"
                if fault:
                    yield f"{path}:{number}: {fault}"


def main():
    faults = list(faults_of(sys.argv[1]))
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
