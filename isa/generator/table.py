"""The encoding table and the machine configurations, read and checked.

Source: isa/encoding.json. The layout rule and the configuration hash are those of isa/src/layout.cpp and
isa/src/machine.cpp; a test compares the two on every machine.
"""

import json
import re

WORD_BITS = 128
MICRO_OP_BITS = 32
DERIVED = ("uopIndexBits", "inpIndexBits", "wgtIndexBits", "accIndexBits", "parIndexBits", "tapBits")
MACHINE_NUMBERS = ("batch", "block_in", "block_out", "bus_bits", "uop_depth", "inp_depth", "wgt_depth", "acc_depth",
                   "par_depth", "depthwise_taps", "input_bits", "weight_bits", "accumulator_bits", "address_bits")


class TableError(Exception):
    """A mistake in encoding.json or in a machine file; the message names the place and the numbers."""


def upper_camel(name):
    return "".join(part[:1].upper() + part[1:].lower() for part in name.split("_"))


def camel_back(name):
    upper = upper_camel(name)
    return upper[:1].lower() + upper[1:]


def index_bits(depth):
    """Bits of an index below depth, at least one: a field is never empty."""
    return max(1, (depth - 1).bit_length())


def parse_width(width, place):
    """A width is a number, a derived quantity, or a derived quantity plus a number: (fixed bits, derived name or None)."""
    if isinstance(width, int):
        if width < 1:
            raise TableError(f"{place}: width {width} is below 1")
        return width, None
    match = re.fullmatch(r"(\w+)(?:\+(\d+))?", width)
    if not match or match.group(1) not in DERIVED:
        raise TableError(f"{place}: unknown width {width!r}")
    return int(match.group(2) or 0), match.group(1)


class Field:
    def __init__(self, entry, place, align):
        self.name = entry["name"]
        self.doc = entry["doc"]
        self.enum = entry.get("enum")
        self.signed = entry.get("signed", False)
        self.level = entry.get("level", "vta")
        self.align = align
        self.constant = self.name == "selector"
        self.fixed, self.derived = parse_width(entry["width"], f"{place}.{self.name}")

    def width(self, machine):
        if self.level == "tessera" and machine.level == "vta":
            return 0
        return self.fixed + (machine.derived[self.derived] if self.derived else 0)


def read_fields(entries, place):
    fields, align = [], False
    for entry in entries:
        if "align" in entry:
            if entry["align"] != 64:
                raise TableError(f"{place}: align {entry['align']} is not 64")
            align = True
            continue
        fields.append(Field(entry, place, align))
        align = False
    names = [field.name for field in fields]
    for name in names:
        if names.count(name) > 1:
            raise TableError(f"{place}: two fields are named {name}")
    return fields


class Instruction:
    def __init__(self, entry, opcodes):
        self.name = entry["name"]
        self.doc = entry["doc"]
        self.level = entry["level"]
        if entry["opcode"] not in opcodes:
            raise TableError(f"{self.name}: unknown opcode {entry['opcode']}")
        self.opcode_name = entry["opcode"]
        self.opcode = opcodes[entry["opcode"]]
        self.selector = entry.get("selector")
        self.fields = read_fields(entry["fields"], self.name)
        if (self.selector is not None) != any(field.constant for field in self.fields):
            raise TableError(f"{self.name}: a selector value and a selector field go together")


class Table:
    """encoding.json as objects; every consistency that does not depend on a machine is checked here."""

    def __init__(self, data):
        self.version = (data["version"]["major"], data["version"]["minor"])
        self.opcodes = data["opcodes"]
        self.header = read_fields(data["header"], "header")
        self.instructions = [Instruction(entry, self.opcodes) for entry in data["instructions"]]
        self.micro_op = read_fields(data["micro_op"], "micro_op")
        self.enums = data["enums"]
        self.features = data["features"]
        self.registers = data["registers"]
        self._check_opcodes()
        self._check_enums()
        self._check_registers()

    @staticmethod
    def load(path):
        with open(path, encoding="utf-8") as file:
            return Table(json.load(file))

    def _check_opcodes(self):
        bits = self.header[0].fixed
        unique(self.opcodes, "opcode")
        for name, value in self.opcodes.items():
            if value >> bits:
                raise TableError(f"opcode {name} = {value} exceeds {bits} bits")
        keys = {}
        for instruction in self.instructions:
            key = (instruction.opcode, instruction.selector)
            if key in keys:
                raise TableError(f"{instruction.name} and {keys[key]} have the same opcode and selector")
            keys[key] = instruction.name
            for field in instruction.fields:
                if field.constant and instruction.selector >> field.fixed:
                    raise TableError(f"{instruction.name}: selector {instruction.selector} exceeds {field.fixed} bits")

    def _check_enums(self):
        for name, values in self.enums.items():
            unique(values, name)
        for instruction in self.instructions:
            for field in instruction.fields:
                if not field.enum:
                    continue
                if field.enum not in self.enums:
                    raise TableError(f"{instruction.name}.{field.name}: unknown enum {field.enum}")
                largest = max(self.enums[field.enum].values())
                if largest >> field.fixed:
                    raise TableError(f"{instruction.name}.{field.name}: {field.enum} value {largest} exceeds "
                                     f"{field.fixed} bits")

    def _check_registers(self):
        end, previous = 0, None
        for register in sorted(self.registers, key=lambda entry: entry["offset"]):
            if register["offset"] % 4:
                raise TableError(f"register {register['name']}: offset {register['offset']} is not a multiple of 4")
            if register["offset"] < end:
                raise TableError(f"registers {previous} and {register['name']} overlap at {register['offset']}")
            end, previous = register["offset"] + 4 * register.get("count", 1), register["name"]

    def layout(self, fields, machine, place, limit, start=0):
        """Bit positions of the fields on a machine: list of (field, lsb, width); width 0 where the level lacks it."""
        lsb, rows = start, []
        for field in fields:
            width = field.width(machine)
            if limit == WORD_BITS and lsb < 64 and (field.align or lsb + width > 64):
                lsb = 64
            rows.append((field, lsb, width))
            lsb += width
        check_rows(rows, place, limit, start, machine.name)
        return rows

    def header_layout(self, machine):
        return self.layout(self.header, machine, "header", WORD_BITS)

    def instruction_layout(self, instruction, machine):
        start = sum(field.fixed for field in self.header)
        return self.layout(instruction.fields, machine, instruction.name, WORD_BITS, start)

    def micro_op_layout(self, machine):
        return self.layout(self.micro_op, machine, "micro_op", MICRO_OP_BITS)


def unique(values, place):
    seen = {}
    for name, value in values.items():
        if value in seen:
            raise TableError(f"{place}: {name} and {seen[value]} are both {value}")
        seen[value] = name


def check_rows(rows, place, limit, start, machine):
    """No two fields share a bit, none lies below start, none crosses bit 64 unless it is on its own there, none past limit."""
    owner = {}
    for field, lsb, width in rows:
        if width and lsb < start:
            raise TableError(f"{place}.{field.name} at bit {lsb} lies below bit {start} on machine {machine}")
        if lsb + width > limit:
            raise TableError(f"{place}.{field.name} ends at bit {lsb + width} of {limit} on machine {machine}")
        for bit in range(lsb, lsb + width):
            if bit in owner:
                raise TableError(f"{place}.{field.name} and {place}.{owner[bit]} overlap at bit {bit} on machine {machine}")
            owner[bit] = field.name


class Machine:
    """A machine file, its derived quantities and its hash. The library's loadMachine validates further."""

    def __init__(self, data, table):
        try:
            self.name, self.description, self.level = data["name"], data["description"], data["level"]
            self.features = set(data["features"])
            self.numbers = {key: int(data[key]) for key in MACHINE_NUMBERS}
        except KeyError as error:
            raise TableError(f"machine {data.get('name', '?')}: missing {error.args[0]}") from error
        unknown = self.features - set(table.features)
        if unknown:
            raise TableError(f"machine {self.name}: unknown feature {sorted(unknown)[0]}")
        numbers = self.numbers
        self.derived = {f"{memory}IndexBits": index_bits(numbers[f"{memory}_depth"])
                        for memory in ("uop", "inp", "wgt", "acc", "par")}
        self.derived["tapBits"] = index_bits(numbers["depthwise_taps"])
        self.feature_bits = sum(1 << bit for bit, name in enumerate(table.features) if name in self.features)
        self.table = table

    @staticmethod
    def load(path, table):
        with open(path, encoding="utf-8") as file:
            return Machine(json.load(file), table)

    def canonical_text(self):
        """What is hashed: every number that changes what a program means, and every bit position."""
        lines = [f"tessera configuration {self.table.version[0]}.{self.table.version[1]}", f"level={self.level}"]
        lines += [f"{key}={self.numbers[key]}" for key in MACHINE_NUMBERS]
        lines.append("features=" + ",".join(name for name in self.table.features if name in self.features))
        for instruction in self.table.instructions:
            rows = self.table.instruction_layout(instruction, self)
            lines.append(instruction.name + "=" + ",".join(f"{lsb}:{width}" for _, lsb, width in rows if width))
        rows = self.table.micro_op_layout(self)
        lines.append("micro_op=" + ",".join(f"{lsb}:{width}" for _, lsb, width in rows))
        return "\n".join(lines) + "\n"

    def config_hash(self):
        value = 0xCBF29CE484222325
        for byte in self.canonical_text().encode():
            value = ((value ^ byte) * 0x100000001B3) & (2 ** 64 - 1)
        return value
