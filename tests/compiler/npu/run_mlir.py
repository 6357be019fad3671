"""Runs the RUN lines of a .mlir file: run_mlir.py FILE NPU_OPT FILECHECK. `%s` is the file; a line must exit with 0 unless it
starts with `not`."""
import pathlib
import subprocess
import sys


def main():
    source, opt, filecheck = sys.argv[1:4]
    lines = [line.split("RUN:", 1)[1].strip() for line in pathlib.Path(source).read_text().splitlines() if "RUN:" in line]
    if not lines:
        sys.exit(f"{source} has no RUN line")
    for line in lines:
        refused = line.startswith("not ")
        command = line.removeprefix("not ").replace("%s", source).replace("npu_opt", opt, 1)
        first, _, check = command.partition("|")
        result = subprocess.run(first.split(), capture_output=True, text=True, timeout=60)
        if (result.returncode != 0) != refused:
            sys.exit(f"{first.strip()}\nexits with {result.returncode}\n{result.stdout}{result.stderr}")
        checked = subprocess.run(check.replace("FileCheck", filecheck, 1).split(), input=result.stdout, text=True, timeout=60)
        if checked.returncode:
            sys.exit(f"{line}: FileCheck failed on\n{result.stdout}")


main()
