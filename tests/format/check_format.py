"""Checks that clang-format would change no C++ file, and a few rules that it does not know: no tabs, no trailing blanks,
no file above 600 lines, no conflict markers, in any text file of ours.

usage: check_format.py [--mutant] ROOT. With --mutant: a planted badly formatted file must be found.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

CPP = (".cpp", ".h", ".c")
TEXT = CPP + (".sv", ".v", ".vh", ".py", ".cmake", ".td", ".md", ".mlir", ".json")
MAX_LINES = 600
SKIPPED_FOLDERS = {"build", ".git", "__pycache__", "generated"}


def files_of(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
        for name in sorted(names):
            yield os.path.join(folder, name)


def rule_faults(path, root):
    with open(path, encoding="utf-8") as stream:
        lines = stream.read().split("\n")
    where = os.path.relpath(path, root)
    code = not path.endswith((".md", ".json"))
    if code and len(lines) - 1 > MAX_LINES:
        yield f"{where}: {len(lines) - 1} lines, more than {MAX_LINES}"
    for number, line in enumerate(lines, 1):
        if code and "\t" in line:
            yield f"{where}:{number}: tab"
        if line != line.rstrip() and not path.endswith(".md"):
            yield f"{where}:{number}: blanks at the end of the line"
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            yield f"{where}:{number}: conflict marker"


def faults_of(root):
    paths = list(files_of(root))
    faults = [fault for path in paths if path.endswith(TEXT) for fault in rule_faults(path, root)]
    cpp = [path for path in paths if path.endswith(CPP)]
    formatter = shutil.which("clang-format-19") or shutil.which("clang-format")
    if formatter is None:
        return faults + ["clang-format-19 is not installed"]
    for first in range(0, len(cpp), 50):
        run = subprocess.run([formatter, "--dry-run", "-Werror", "--ferror-limit=1", "--style=file"] + cpp[first:first + 50],
                             capture_output=True, text=True, check=False)
        faults += [line for line in run.stderr.splitlines() if "error:" in line]
    return faults


def mutant(root):
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(os.path.join(root, ".clang-format"), folder)
        with open(os.path.join(folder, "bad.cpp"), "w", encoding="utf-8") as stream:
            stream.write("int  main( ){return 0 ;}\n")
        with open(os.path.join(folder, "bad.sv"), "w", encoding="utf-8") as stream:
            stream.write("\tlogic a; \n")
        found = "\n".join(faults_of(folder))
    missing = [part for part in ("bad.cpp", "bad.sv:1: tab", "bad.sv:1: blanks") if part not in found]
    return [f"the planted fault was not found: {part}" for part in missing]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutant", action="store_true")
    parser.add_argument("root")
    arguments = parser.parse_args()
    faults = mutant(arguments.root) if arguments.mutant else faults_of(arguments.root)
    for fault in faults:
        print(fault)
    print(f"{len(faults)} faults" + (" (./run format formats the C++ files)" if faults else ""))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
