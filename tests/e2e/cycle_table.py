"""A JSON table of exact cycle counts, {network: {machine: cycles}}, that tests compare with and --update writes."""
import json


class CycleTable:
    def __init__(self, path):
        self.path, self.faults = path, 0
        with open(path, encoding="utf-8") as stream:
            self.cycles = json.load(stream)

    def names(self):
        return list(self.cycles)

    def of(self, network):
        return self.cycles.setdefault(network, {})

    def compare(self, network, machine, cycles, limit=None, what="cycles", more=""):
        """Prints one line, counts a fault where it differs from the table, is above the limit or `more` says what else is wrong; the table then holds the new count."""
        known = self.of(network)
        before = known.get(machine)
        note = "" if cycles == before else f" ({self.path.rpartition('/')[2]} says {before})"
        if limit and cycles > limit:
            note += f" (more than the promised {limit})"
        note += more
        print(f"{network} on {machine}: {cycles} {what}{note}", flush=True)
        self.faults += bool(note)
        known[machine] = cycles

    def write(self):
        with open(self.path, "w", encoding="utf-8") as stream:
            json.dump(self.cycles, stream, indent=1)
            stream.write("\n")
