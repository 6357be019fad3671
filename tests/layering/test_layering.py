"""Plants includes in a copy of the rooms' shape and checks that exactly the forbidden ones are found.

usage: test_layering.py ROOT (ROOT is not read: the check is tested on files made here)
"""
import os
import sys
import tempfile

import check_layering

# file, line, found?
PLANTED = (
    ("isa/src/a1.cpp", '#include <vector>', False),
    ("isa/src/a2.cpp", '#include "tessera/isa/error.h"', False),
    ("isa/src/a3.cpp", '#include "tessera/device.h"', True),
    ("isa/src/a4.cpp", '#include <nlohmann/json.hpp>', True),
    ("isa/src/a5.cpp", '#include <unistd.h>', True),
    ("simulator/functional/b1.cpp", '#include "tessera/isa/error.h"', False),
    ("simulator/functional/b2.cpp", '#include "tessera/compiler/compiler.h"', True),
    ("simulator/functional/b3.cpp", '#include <systemc>', False),
    ("driver/src/c1.cpp", '#include "tessera/simulator/core.h"', True),
    ("driver/functional/c2.cpp", '#include "tessera/simulator/core.h"', False),
    ("driver/cycle/c3.cpp", '#include "../functional/private.h"', True),
    ("driver/src/c4.cpp", '#include "mlir/IR/Operation.h"', True),
    ("compiler/src/d1.cpp", '#include "mlir/IR/Operation.h"', False),
    ("compiler/src/d2.cpp", '#include "tessera/record.h"', False),
    ("compiler/src/d3.cpp", '#include "tessera/simulator/core.h"', True),
    ("compiler/src/d4.cpp", '#include "private.h"', True),
    ("compiler/src/d5.cpp", '#  include "../../driver/functional/private.h"', True),
    ("tools/e1.cpp", '#include <CLI/CLI.hpp>', False),
    ("tools/e2.cpp", '#include "mlir/IR/Operation.h"', True),
    ("tools/e3.cpp", '#include "unheard_of.h"', True),
    ("examples/f1.cpp", '#include "tessera/device.h"', False),
    ("examples/f2.cpp", '#include "helper_of_tests.h"', True),
    ("tests/isa/g1.cpp", '#include <gtest/gtest.h>', False),
    ("hw_rtl/src/h1.sv", '`include "stolen.svh"', True),
)
SUPPORT = ("isa/include/tessera/isa/error.h", "driver/functional/private.h", "driver/include/tessera/device.h",
           "tests/isa/helper_of_tests.h", "tools/stolen.svh")


def main():
    with tempfile.TemporaryDirectory() as root:
        for path, text in [(path, "") for path in SUPPORT] + [(path, line) for path, line, _ in PLANTED]:
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as stream:
                stream.write(text + "\n")
        found = {fault.split(":", 1)[0] for fault in check_layering.faults_of(root)}
    wrong = [f"{path}: {line}: {'not found' if bad else 'found, but it is allowed'}"
             for path, line, bad in PLANTED if (path in found) != bad]
    for line in wrong:
        print(line)
    print(f"{len(PLANTED) - len(wrong)} of {len(PLANTED)} planted lines judged right")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
