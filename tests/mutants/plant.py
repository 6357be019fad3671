"""One mistake in one C++ file, and a program of the build linked with it in the place of the right code.

Nothing in the source tree or in the build folder changes: the mutated file stands in a folder of its own, which comes before the
tree when its units are compiled, and their objects come before the libraries when the program is linked once more.
"""
import json
import os
import re
import shlex
import shutil
import subprocess


class Unplantable(Exception):
    """The mutant does not fit its file, does not compile or does not link."""


def run(command, **keywords):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", check=False, **keywords)


def mutate(root, mutant):
    """The file's text with `find` replaced. It must stand there once; where its lines break is the formatter's business.
    With "regex" it is a regular expression."""
    with open(os.path.join(root, mutant["file"]), encoding="utf-8") as file:
        text = file.read()
    pattern = mutant["find"] if mutant.get("regex") else r"\s+".join(re.escape(part) for part in mutant["find"].split())
    changed, places = re.subn(pattern, lambda _: mutant["replace"], text)
    if places != 1:
        raise Unplantable(f"its text stands on {places} places of {mutant['file']}, not on one")
    return changed


class Build:
    """How the build folder compiles and links."""

    def __init__(self, root, folder):
        self.root, self.folder = root, folder
        self.links = {}
        with open(os.path.join(folder, "compile_commands.json"), encoding="utf-8") as file:
            self.entries = {}
            for entry in json.load(file):  # the first: fuzzers compile some files once more
                self.entries.setdefault(os.path.relpath(os.path.realpath(entry["file"]), os.path.realpath(root)), entry)

    def compile(self, unit, overlay, optimise):
        """Compiles the unit with what lies in the overlay before the tree; (its object in the build, the new object)."""
        if unit not in self.entries:
            raise Unplantable(f"the build does not compile {unit}")
        arguments = shlex.split(self.entries[unit]["command"])
        while os.path.basename(arguments[0]) == "ccache":
            arguments.pop(0)
        source = os.path.join(overlay, unit)
        if not os.path.exists(source):  # a unit of the mutated header: beside it, where quoted names are looked for first
            os.makedirs(os.path.dirname(source), exist_ok=True)
            shutil.copy(os.path.join(self.root, unit), source)
        place = arguments.index("-o") + 1
        known, arguments[place] = arguments[place], source + ".o"
        arguments[arguments.index("-c") + 1] = source
        before = []
        for argument in arguments:
            if argument.startswith("-I") and argument[2:].startswith(self.root + os.sep):
                before.append("-I" + os.path.join(overlay, os.path.relpath(argument[2:], self.root)))
        before += ["-iquote", os.path.dirname(os.path.join(self.root, unit))]
        arguments = [arguments[0], *before, *(a for a in arguments[1:] if not a.startswith("-W")), "-w", "-g0", optimise]
        result = run(arguments, cwd=self.entries[unit]["directory"])
        if result.returncode != 0:
            raise Unplantable("does not compile: " + result.stdout.strip()[-1500:])
        return known, source + ".o"

    def link(self, program, objects, folder):
        """Links the program (path in the build folder) with the new objects into a folder."""
        if program not in self.links:
            lines = run(["ninja", "-C", self.folder, "-t", "commands", "-s", program]).stdout.splitlines()
            parts = [part for line in lines for part in line.split("&&") if f" -o {program} " in part + " "]
            if not parts:
                raise Unplantable(f"the build has no program {program}")
            self.links[program] = shlex.split(parts[0])
        arguments = list(self.links[program])
        place = arguments.index("-o")
        made = os.path.join(folder, os.path.basename(program))
        arguments[place + 1] = made
        for known, new in objects:
            if known in arguments:
                arguments[arguments.index(known)] = new
            else:
                arguments.insert(arguments.index("-o"), new)
        result = run(arguments, cwd=self.folder)
        if result.returncode != 0:
            raise Unplantable("does not link: " + result.stdout.strip()[-1500:])
        return made


def plant(build, mutant, programs, folder, optimise="-O1"):
    """The programs (paths in the build folder) with the mistake in them."""
    overlay = os.path.join(folder, "tree")
    path = os.path.join(overlay, mutant["file"])
    os.makedirs(os.path.dirname(path))
    with open(path, "w", encoding="utf-8") as file:
        file.write(mutate(build.root, mutant))
    objects = [build.compile(unit, overlay, optimise) for unit in mutant.get("units", [mutant["file"]])]
    return [build.link(program, objects, folder) for program in programs]
