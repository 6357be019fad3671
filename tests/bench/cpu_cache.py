"""What other compilers made of networks for cpu_bench.py, kept, so that a run that measures compiles nothing: IREE's and TVM's files, and why there is none.

An entry is a folder `COMPILER-KEY` with facts.json ({"network", "seconds", "mib"}, or {"network", "error"} and "limit" where the compiler did not end in so many seconds) and what was made. The key is of all that decides the file: the network's bytes, its open
extents, the compiler's versions, options and how it is called, and the processor. Entries appear whole (a folder is renamed), so a run that is interrupted leaves the ones before; the file names no place and the folder may be moved.
"""
import contextlib
import hashlib
import importlib.metadata
import inspect
import json
import os
import pathlib
import platform
import shutil
import tempfile

import cpu_compilers
import cpu_engines as engines

FORMAT = 1


def processor():
    """What code that was made for this processor depends on."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    words = [next((line for line in lines if line.startswith(key)), "") for key in ("model name", "flags", "Features")]
    return [platform.machine(), *words]


def version(package):
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


class Cache:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self._processor = processor()

    def entry(self, compiler, model, extents):
        """The folder of what `compiler` makes of a network with these open extents."""
        facts = [FORMAT, compiler.__name__, [version(package) for package in compiler.packages], getattr(compiler, "flags", ()), inspect.getsource(compiler.compile),
                 inspect.getsource(cpu_compilers.fixed), sorted(extents.items()), self._processor, hashlib.sha256(pathlib.Path(model).read_bytes()).hexdigest()]
        return self.folder / f"{compiler.label}-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:24]}"

    def kept(self, entry, limit):
        """The facts of an entry; nothing where there is none, or the compiler may have more time now than it had."""
        try:
            facts = json.loads((entry / "facts.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return None if "limit" in facts and limit > facts["limit"] else facts

    def get(self, compiler, model, extents, shapes, limit):
        """(file, facts) of what the compiler made, now or before; Unfit says why it cannot. `shapes`() are the inputs'."""
        entry = self.entry(compiler, model, extents)
        facts = self.kept(entry, limit)
        if facts is None:
            facts = self._make(entry, compiler, model, shapes(), limit)
        if "error" in facts:
            raise engines.Unfit(facts["error"])
        return str(entry / compiler.made), facts

    def _make(self, entry, compiler, model, shapes, limit):
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder, prefix="part-") as part:
            whole = pathlib.Path(part) / "entry"
            whole.mkdir()
            facts = {"network": os.path.basename(model)}
            try:
                facts.update(cpu_compilers.made(compiler, model, shapes, os.path.join(part, compiler.made), limit))
                os.rename(os.path.join(part, compiler.made), whole / compiler.made)
            except cpu_compilers.TooSlow as error:
                facts.update(error=str(error), limit=limit)
            except cpu_compilers.Killed:
                raise  # another time it may be another
            except engines.Unfit as error:
                facts.update(error=str(error))
            (whole / "facts.json").write_text(json.dumps(facts) + "\n", encoding="utf-8")
            shutil.rmtree(entry, ignore_errors=True)
            with contextlib.suppress(OSError):  # another run has just made it
                os.rename(whole, entry)
        return facts
