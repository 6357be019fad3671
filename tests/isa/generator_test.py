"""Tests of isa/generate.py: what it rejects, that staleness is found, and that the packages pass the Verilog tools."""

import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ISA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "isa")
sys.path.insert(0, ISA)

from generator.table import Machine, Table, TableError, check_rows  # noqa: E402


def data():
    with open(os.path.join(ISA, "encoding.json"), encoding="utf-8") as file:
        return json.load(file)


def machine_data(name="pynq"):
    with open(os.path.join(ISA, "machines", name + ".json"), encoding="utf-8") as file:
        return json.load(file)


def generate(*arguments):
    return subprocess.run([sys.executable, "-B", os.path.join(ISA, "generate.py"), *arguments], capture_output=True, text=True,
                          check=False)


def instruction(table, name):
    return next(entry for entry in table["instructions"] if entry["name"] == name)


class RejectsTest(unittest.TestCase):
    def rejects(self, change, message):
        table = data()
        change(table)
        with self.assertRaises(TableError) as caught:
            parsed = Table(table)
            machine = Machine(machine_data(), parsed)
            for entry in parsed.instructions:
                parsed.instruction_layout(entry, machine)
            parsed.micro_op_layout(machine)
        self.assertIn(message, str(caught.exception))

    def test_instruction_over_128_bits(self):
        self.rejects(lambda t: instruction(t, "gemm")["fields"].append({"name": "more", "width": 1, "doc": ""}),
                     "gemm.more ends at bit 129 of 128")

    def test_micro_op_over_32_bits(self):
        self.rejects(lambda t: t["micro_op"].append({"name": "more", "width": 1, "doc": ""}), "micro_op.more ends at bit 33 of 32")

    def test_overlapping_fields(self):
        table = Table(data())
        machine = Machine(machine_data(), table)
        rows = table.instruction_layout(table.instructions[0], machine)
        rows[1] = (rows[1][0], rows[1][1] - 1, rows[1][2])
        with self.assertRaises(TableError) as caught:
            check_rows(rows, "load", 128, 7, "pynq")
        self.assertEqual(str(caught.exception), "load.sram_base and load.memory_type overlap at bit 9 on machine pynq")

    def test_overlapping_registers(self):
        self.rejects(lambda t: t["registers"][-1].update(offset=172), "registers counter_write_beats and marks overlap at 172")

    def test_same_opcode_and_selector(self):
        self.rejects(lambda t: instruction(t, "set_mark").update(selector=4), "have the same opcode and selector")

    def test_opcode_too_wide(self):
        self.rejects(lambda t: t["opcodes"].update(SET=8), "opcode SET = 8 exceeds 3 bits")

    def test_enum_value_too_wide(self):
        self.rejects(lambda t: t["enums"]["reduce_ops"].update(MORE=4), "reduce_ops value 4 exceeds 2 bits")

    def test_enum_value_twice(self):
        self.rejects(lambda t: t["enums"]["vec_ops"].update(MORE=2), "MORE and MUL are both 2")

    def test_field_name_twice(self):
        self.rejects(lambda t: instruction(t, "load")["fields"].append({"name": "x_size", "width": 1, "doc": ""}),
                     "two fields are named x_size")

    def test_unknown_width(self):
        self.rejects(lambda t: t["micro_op"][0].update(width="accBits"), "unknown width 'accBits'")

    def test_unknown_feature(self):
        table = Table(data())
        machine = machine_data()
        machine["features"].append("magic")
        with self.assertRaises(TableError):
            Machine(machine, table)


class FreshnessTest(unittest.TestCase):
    def test_check_names_the_stale_file(self):
        with tempfile.TemporaryDirectory() as root:
            for name in ("isa/generated/tessera/isa/encoding.h", "isa/generated/encoding.cpp", "isa/generated/tsr_isa_pkg.sv",
                         "docs/encoding.md"):
                os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
            self.assertEqual(generate("--root", root).returncode, 0)
            self.assertEqual(generate("--check", "--root", root).returncode, 0)
            changed = copy.deepcopy(data())
            changed["enums"]["error_codes"]["MORE"] = 9
            table = os.path.join(root, "encoding.json")
            with open(table, "w", encoding="utf-8") as file:
                json.dump(changed, file)
            result = generate("--check", "--root", root, "--table", table)
            self.assertEqual(result.returncode, 1)
            self.assertIn("isa/generated/tsr_isa_pkg.sv is stale", result.stderr)

    def test_table_error_is_one_line(self):
        with tempfile.TemporaryDirectory() as root:
            changed = data()
            changed["opcodes"]["SET"] = 8
            table = os.path.join(root, "encoding.json")
            with open(table, "w", encoding="utf-8") as file:
                json.dump(changed, file)
            result = generate("--check", "--table", table)
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stderr, "isa/generate.py: opcode SET = 8 exceeds 3 bits\n")


class VerilogTest(unittest.TestCase):
    """Every package passes the tools that must accept our source."""

    def test_packages_lint(self):
        packages = os.path.join(ISA, "generated", "tsr_isa_pkg.sv")
        for name in ("tiny", "pynq", "ultra96", "zcu104", "batch2"):
            with tempfile.TemporaryDirectory() as folder:
                cfg = os.path.join(folder, "tsr_cfg_pkg.sv")
                self.assertEqual(generate("--cfg", name, "-o", cfg).returncode, 0)
                top = os.path.join(folder, "probe.sv")
                with open(top, "w", encoding="utf-8") as file:
                    file.write("`default_nettype none\nmodule probe (output wire [63:0] h_o, output wire [2:0] o_o);\n"
                               "  assign h_o = tsr_cfg_pkg::ConfigHash;\n  assign o_o = tsr_isa_pkg::OpcodeSet;\nendmodule\n")
                commands = {
                    "verilator": ["--lint-only", "-Wall", "--top-module", "probe", packages, cfg, top],
                    "yosys": ["-q", "-p", f"read_verilog -sv {packages} {cfg} {top}; hierarchy -check -top probe; proc"],
                    "iverilog": ["-g2012", "-o", os.devnull, packages, cfg, top]}
                for tool, arguments in commands.items():
                    if not shutil.which(tool):
                        self.skipTest(f"{tool} is not installed")
                    result = subprocess.run([tool, *arguments], capture_output=True, text=True, check=False, timeout=120)
                    self.assertEqual(result.returncode, 0, f"{tool} {name}: {result.stdout}{result.stderr}")


if __name__ == "__main__":
    unittest.main()
