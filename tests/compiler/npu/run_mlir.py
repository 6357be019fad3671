"""Runs the RUN lines of a .mlir file: run_mlir.py FILE OPT FILECHECK (OPT stands for npu_opt and cpu_opt). `%s` is the file, `%S` its folder; a line must exit with 0 unless it
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
        folder = str(pathlib.Path(source).parent)
        names = {"%s": source, "npu_opt": opt, "cpu_opt": opt, "FileCheck": filecheck}
        first, _, check = line.removeprefix("not ").partition("|")
        first, check = ([names.get(word, word.replace("%S", folder)) for word in part.split()] for part in (first, check))
        result = subprocess.run(first, capture_output=True, text=True, timeout=60)
        if (result.returncode != 0) != refused:
            sys.exit(f"{' '.join(first)}\nexits with {result.returncode}\n{result.stdout}{result.stderr}")
        checked = subprocess.run(check, input=result.stdout, text=True, timeout=60)
        if checked.returncode:
            sys.exit(f"{line}: FileCheck failed on\n{result.stdout}")


main()
