"""Plants one mistake after the other in isa/ and checks that the tests fail on each: python3 mutants.py BUILD_FOLDER [NAME ...]

A mutant is (name, file, what stands there, what stands there instead). A mutated source is compiled by itself and linked in
front of the library; for a mutated header the test that it concerns is compiled too. Ends with 1 where a mutant survives.
"""

import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", ".."))
COMPILER = os.environ.get("CXX", "clang++-19")
NUMERICS = "isa/include/tessera/isa/numerics.h"

MUTANTS = [
    # the numerics contract
    ("wrap_add", NUMERICS, "static_cast<uint32_t>(x) + static_cast<uint32_t>(y)", "static_cast<uint32_t>(x) | static_cast<uint32_t>(y)"),
    ("wrap_sub", NUMERICS, "static_cast<uint32_t>(x) - static_cast<uint32_t>(y)", "static_cast<uint32_t>(y) - static_cast<uint32_t>(x)"),
    ("saturating_add_wraps", NUMERICS, "return saturateToInt32(int64_t{x} + y);", "return wrapAdd(x, y);"),
    ("saturate_low_bound", NUMERICS, "std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()));",
     "-std::numeric_limits<int32_t>::max(), std::numeric_limits<int32_t>::max()));"),
    ("low_byte_unsigned", NUMERICS, "return static_cast<int8_t>(static_cast<uint32_t>(x));", "return static_cast<uint8_t>(static_cast<uint32_t>(x));"),
    ("high_mul_truncates", NUMERICS, "(int64_t{x} * y + (int64_t{1} << 30)) >> 31", "(int64_t{x} * y) >> 31"),
    ("high_mul_ties_down", NUMERICS, "(int64_t{x} * y + (int64_t{1} << 30)) >> 31", "(int64_t{x} * y + (int64_t{1} << 30) - 1) >> 31"),
    ("high_mul_no_saturation", NUMERICS, "return saturateToInt32((int64_t{x} * y + (int64_t{1} << 30)) >> 31);",
     "return static_cast<int32_t>((int64_t{x} * y + (int64_t{1} << 30)) >> 31);"),
    ("divide_ties_up", NUMERICS, "half - (x < 0 && exponent > 0)", "half"),
    ("divide_zero_exponent", NUMERICS, "(x < 0 && exponent > 0)", "(x < 0)"),
    ("double_without_second_rounding", NUMERICS, "int64_t adjust = shift >= 0 ? 0 :", "int64_t adjust = shift >= -31 ? 0 :"),
    ("double_adjust_sign", NUMERICS, ": product >= 0 ? int64_t{1} << 30", ": product > 0 ? -(int64_t{1} << 30)"),
    ("double_adjust_at_zero_shift", NUMERICS, "int64_t adjust = shift >= 0 ? 0", "int64_t adjust = shift > 0 ? 0"),
    ("double_no_left_shift", NUMERICS, "int64_t{wrapShiftLeft(x, std::max(shift, 0))}", "int64_t{x}"),
    ("double_left_shift_saturates", NUMERICS, "int64_t{wrapShiftLeft(x, std::max(shift, 0))}", "int64_t{saturateToInt32(int64_t{x} << std::max(shift, 0))}"),
    ("single_off_by_one", NUMERICS, "0, 31 - shift)", "0, 30 - shift)"),
    ("rounded_shift_no_half", NUMERICS, "amount == 0 ? 0 : uint64_t{1} << (amount - 1)", "0"),
    ("rounded_shift_signed", NUMERICS, "product >= 0 ? static_cast<int32_t>(std::min", "product >= 0 && amount < 63 ? static_cast<int32_t>(std::min"),
    ("rounded_shift_no_saturation", NUMERICS, ": saturateToInt32(static_cast<int64_t>(sum) >> amount)", ": static_cast<int32_t>(static_cast<int64_t>(sum) >> amount)"),
    ("shift_row_five_bits", NUMERICS, "<< 26) >> 26", "<< 27) >> 27"),
    ("shift_row_unsigned", NUMERICS, "static_cast<int32_t>(static_cast<uint32_t>(row) << 26) >> 26", "row & 63"),
    ("float_truncates", NUMERICS, "std::nearbyintf(product)", "product"),
    ("float_ties_away", NUMERICS, "std::nearbyintf(product)", "std::roundf(product)"),
    ("float_in_double", NUMERICS, "float product = static_cast<float>(x) * scale;", "double wide = static_cast<double>(x) * scale; float product = static_cast<float>(wide);"),
    ("float_nan", NUMERICS, "if (!(product == product))\n    return 0;", "if (!(product == product))\n    return 1;"),
    ("average_signed_sum", NUMERICS, "uint64_t{magnitude + static_cast<uint32_t>(bias)} * reciprocal", "(uint64_t{magnitude} + static_cast<uint32_t>(bias)) * reciprocal"),
    ("average_floor", NUMERICS, "x < 0 ? uint32_t{0} - quotient : quotient", "quotient"),
    ("average_shift_five_bits", NUMERICS, "product >> (-shift & 63)", "product >> (-shift & 31)"),
    ("average_saturates", NUMERICS, "static_cast<uint32_t>(product >> (-shift & 63))",
     "static_cast<uint32_t>(std::min<uint64_t>(product >> (-shift & 63), 0x7fffffff))"),
    ("exit_zero_point_after_clamp", NUMERICS, "return static_cast<int8_t>(std::min(std::max(scaled, settings.clampMin), settings.clampMax));",
     "return static_cast<int8_t>(std::min(std::max(scaled - settings.zeroPoint, settings.clampMin), settings.clampMax) + settings.zeroPoint);"),
    ("exit_wraps", NUMERICS, "saturatingAdd(requantise(", "wrapAdd(requantise("),
    ("exit_clamp_order", NUMERICS, "std::min(std::max(scaled, settings.clampMin), settings.clampMax)", "std::max(std::min(scaled, settings.clampMax), settings.clampMin)"),
    ("operand_shift", NUMERICS, "kOperandLeftShift = 20", "kOperandLeftShift = 19"),
    ("operand_mode", NUMERICS, "return mode == ExitMode::TfliteSingle ? multiplySingleRounding(raised", "return mode != ExitMode::Tflite ? multiplySingleRounding(raised"),
    ("operand_whole_word", NUMERICS, "(lowByte(x) - settings.zeroPoint)", "(x - settings.zeroPoint)"),
    ("alu_shift_amount", NUMERICS, "std::min(y, 31)", "(y & 31)"),
    ("alu_shift_left_32", NUMERICS, "y > -32 ? wrapShiftLeft(x, -y) : 0", "wrapShiftLeft(x, -y & 31)"),
    ("alu_min_max", NUMERICS, "return std::min(x, y);", "return std::max(x, y);"),
    ("quantize_no_carry", "isa/src/numerics.cpp", "++shift;", ""),
    ("quantize_underflow", "isa/src/numerics.cpp", "shift < -31", "shift < -30"),
    ("quantize_overflow", "isa/src/numerics.cpp", "shift > 30", "shift > 31"),
    ("reciprocal_rounded_down", "isa/src/numerics.cpp", "+ count - 1) / count", ") / count"),
    ("reciprocal_short", "isa/src/numerics.cpp", "int k = 31 +", "int k = 16 +"),
    # layout and legality
    ("layout_straddles", "isa/src/layout.cpp", "lsb + width > 64", "lsb + width > 65"),
    ("layout_no_upper_half", "isa/src/layout.cpp", "fields[f].startsUpperHalf || ", ""),
    ("layout_header", "isa/src/layout.cpp", "kHeaderBits = 7", "kHeaderBits = 8"),
    ("decode_unsigned", "isa/src/layout.cpp", "(raw ^ sign) - sign", "raw"),
    ("decode_flags", "isa/src/layout.cpp", "(lo >> 3 & 1) != 0, (lo >> 4 & 1) != 0", "(lo >> 4 & 1) != 0, (lo >> 3 & 1) != 0"),
    ("vta_takes_reduce", "isa/src/layout.cpp", "|| (info.level == Level::Tessera && level_ == Level::Vta)", ""),
    ("via_load_at_vta", "isa/src/layout.cpp", "field.isTesseraOnly && machine.level == Level::Vta", "false"),
    ("fits_wrongly", "isa/src/layout.cpp", "end > 128", "end > 130"),
    ("par_at_vta", "isa/src/legal.cpp", "(x.memoryType != MemoryType::Par || level_ == Level::Tessera)", "true"),
    ("load_out", "isa/src/legal.cpp", " && x.memoryType != MemoryType::Out &&", " &&"),
    ("taps_unchecked", "isa/src/legal.cpp", "x.taps >= depthwiseTaps_", "x.taps > depthwiseTaps_"),
    ("operand_shift_range", "isa/src/legal.cpp", "shift < -31", "shift < -32"),
    ("alu_reserved", "isa/src/legal.cpp", "x.aluOpcode, AluOpcode::Mul", "x.aluOpcode, static_cast<AluOpcode>(5)"),
    ("feature_of_average", "isa/src/legal.cpp", '"set_exit mode average", Feature::Pool', '"set_exit mode average", Feature::Requantise'),
    # machine
    ("hash_without_features", "isa/src/machine.cpp", "text += std::string(separator) + kFeatureNames[bit];", ""),
    ("index_bits", "isa/src/machine.cpp", "std::bit_width(depth - 1)", "std::bit_width(depth)"),
    ("r_unchecked", "isa/src/machine_file.cpp", "machine.batch > 1 && machine.blockIn != machine.blockOut", "false"),
    # checker
    ("gemm_reset_reads", "isa/src/check_memory.cpp", "!dst || x.reset)", "!dst)"),
    ("iterations_off_by_one", "isa/src/check_memory.h", "uint64_t{loop.iterOut - 1} * steps.out", "uint64_t{loop.iterOut} * steps.out"),
    ("inner_loop_ignored", "isa/src/check_memory.h", " + uint64_t{loop.iterIn - 1} * steps.in", ""),
    ("load_padding_ignored", "isa/src/check_memory.cpp", "uint64_t{x.xPad0} + x.xSize + x.xPad1", "uint64_t{x.xPad0} + x.xSize"),
    ("load_rows_ignored", "isa/src/check_memory.cpp", "rows = uint64_t{x.yPad0} + x.ySize + x.yPad1", "rows = uint64_t{x.yPad0} + x.ySize"),
    ("dram_last_row", "isa/src/check_memory.cpp", "uint64_t{ySize - 1} * stride + xSize", "uint64_t{ySize} * stride"),
    ("dram_32_bits", "isa/src/check_memory.cpp", "std::min(context_.dramBytes, uint64_t{1} << 32)", "context_.dramBytes"),
    ("taps_reach", "isa/src/check_memory.cpp", "src += (uint64_t{x.taps} + 1) * machine_.inpPerOut() - 1;", "src += x.taps * machine_.inpPerOut();"),
    ("inp_destination", "isa/src/check_memory.cpp", "(index + 1) * machine_.inpPerOut() - 1", "index"),
    ("par_for_bias", "isa/src/check_memory.cpp", "x.init == ReduceInit::Bias ||", ""),
    ("vec_average_bias", "isa/src/check_memory.cpp", "&& exitMode_ != ExitMode::Average;", ";"),
    ("chain_unchecked", "isa/src/check_memory.cpp", "read.has(e) && written.has(e / r)", "false"),
    ("chain_ranges", "isa/src/check_memory.cpp", "endWritten <= firstRead || endRead <= firstWritten", "endWritten <= firstRead + 1 || endRead <= firstWritten + 1"),
    ("set_shift_words", "isa/src/element_set.h", "if (bits != 0 && i > skip)", "if (false)"),
    ("block_stays_fresh", "isa/src/micro_op_memory.cpp", "blockFresh_[(first + i) / kBlock] = 0;", ""),
    ("unknown_micro_ops", "isa/src/micro_op_memory.cpp", "if (!known_[element] && into.known)", "if (false)"),
    ("micro_op_padding", "isa/src/check_memory.cpp", "microOps_.fill(element, x.xPad0, 0);", ""),
    ("surplus_token", "isa/src/check_tokens.cpp", "if (pushes.size() > pops.size())", "if (false)"),
    ("missing_token", "isa/src/check_tokens.cpp", "if (pops.size() > pushes.size())", "if (pops.size() > pushes.size() + 1)"),
    ("distance", "isa/src/check_tokens.cpp", "push - pop > kMaxTokenDistance", "push - pop > kMaxTokenDistance + 1"),
    ("deadlock_unseen", "isa/src/check_tokens.cpp", "return checkDistance(traffic);\n}\n\n} // namespace tessera", "return checkDistance(traffic);\n}\n} // namespace tessera"),
    ("via_load_module", "isa/src/modules.cpp", "toCompute && !load->viaLoad", "toCompute"),
    ("pad_module", "isa/src/modules.cpp", "if (std::holds_alternative<SetPad>(instruction))\n    return Module::Load;", ""),
    ("store_flags", "isa/src/modules.cpp", "{bit(TokenQueue::ComputeToStore), 0, bit(TokenQueue::StoreToCompute), 0}", "{bit(TokenQueue::ComputeToStore), 0, 0, bit(TokenQueue::StoreToCompute)}"),
    ("finish_anywhere", "isa/src/checker.cpp", "&& i + 1 != program.size()", "&& false"),
    ("alignment", "isa/src/checker.cpp", "% machine.busBytes() != 0", "% 4 != 0"),
    # image
    ("crc_table", "isa/src/crc32.cpp", "0xedb88320", "0x82f63b78"),
    ("crc_tail", "isa/src/crc32.cpp", "i + 8 <= bytes.size()", "i + 9 <= bytes.size() + 2"),
    ("section_unchecked", "isa/src/image.cpp", "if (crc32(contents) != get<uint32_t>(bytes, entry + 48))", "if (false)"),
    ("header_unchecked", "isa/src/image.cpp", "if (crc32(head) != get<uint32_t>(bytes, kChecksumAt))", "if (false)"),
    ("gaps_unchecked", "isa/src/image.cpp", "if (bytes[i] != 0)", "if (false)"),
    ("tail_accepted", "isa/src/image.cpp", "if (size != bytes.size())", "if (false)"),
    ("last_section_not_last", "isa/src/image.cpp", "if (end != bytes.size())", "if (false)"),
    ("partial_file_stays", "isa/src/file.cpp", "    std::remove(temporary.c_str());\n    return failed(path, \"write\", cause);", "    return failed(path, \"write\", cause);"),
    ("writes_in_place", "isa/src/file.cpp", "std::string temporary = path + \".part\" + std::to_string(std::random_device()());",
     "std::string temporary = path; std::remove(path.c_str());"),
    # text
    ("range_end", "isa/src/assembler.cpp", "expect(item.form == Form::Range ? '[' : '(')", "expect('(')"),
    ("twice", "isa/src/assembler.cpp", "if (seen_[i])", "if (false)"),
    ("too_wide", "isa/src/assembler.cpp", "if (value < least || value > greatest)", "if (value < least)"),
    ("stray_bits_lost", "isa/src/disassembler.cpp", "layout.encode(*instruction) == word ? text", "true ? text"),
    ("unused_imm", "isa/src/disassembler.cpp", 'values[0] ? "imm=" : "unused_imm="', '"imm="'),
    ("taps_offset", "isa/src/assembler.cpp", "set(field, value - offset, begin)", "set(field, value, begin)"),
]
EQUIVALENT = {"crc_tail", "deadlock_unseen"}  # change nothing: they show that the harness can tell


def run(command):
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


def judge(mutant, build, folder):
    """'killed', 'survived', or a message where the mutant could not be made."""
    name, file, old, new = mutant
    with open(os.path.join(ROOT, file), encoding="utf-8") as source:
        text = source.read()
    # Where the lines break is the formatter's business.
    pattern = r"\s+".join(re.escape(part) for part in old.split())
    mutated, count = re.subn(pattern, lambda _: new, text, count=1)
    if count != 1:
        return f"does not apply: {file} does not contain {old!r}"
    place = os.path.join(folder, name)
    os.makedirs(place)
    includes, prefix = [], "isa/include/"
    flags = [COMPILER, "-std=c++20", "-O1", "-w", "-c"]
    roots = ["-I" + os.path.join(ROOT, part) for part in ("isa/include", "isa/generated", "isa/src", "tests/isa")]
    objects_folder = os.path.join(build, "tests/isa/CMakeFiles/tessera_isa_tests.dir")
    objects = {entry: os.path.join(objects_folder, entry) for entry in os.listdir(objects_folder) if entry.endswith(".o")}
    compiled = {}
    if file.startswith(prefix):
        path = os.path.join(place, file[len(prefix):])
        includes = ["-I" + place]
        compiled["numerics_test.cpp.o"] = os.path.join(ROOT, "tests/isa/numerics_test.cpp")
        compiled["numerics.o"] = os.path.join(ROOT, "isa/src/numerics.cpp")
        keep = {"numerics_test.cpp.o"}
    elif file.endswith(".h"):
        path = os.path.join(place, os.path.basename(file))
        users = [entry for entry in sorted(os.listdir(os.path.join(ROOT, "isa/src"))) if entry.startswith("check")]
        for entry in users:  # quoted includes look beside the source first, so the sources move to the mutated header
            if entry.endswith(".cpp"):
                with open(os.path.join(ROOT, "isa/src", entry), encoding="utf-8") as source:
                    beside = os.path.join(place, entry)
                    with open(beside, "w", encoding="utf-8") as copy:
                        copy.write(source.read())
                compiled[entry + ".o"] = beside
        keep = set(objects)
    else:
        path = os.path.join(place, os.path.basename(file))
        compiled["mutated.o"] = path
        keep = set(objects)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as target:
        target.write(mutated)
    link = []
    for output, source in compiled.items():
        result = run(flags + includes + roots + [source, "-o", os.path.join(place, output)])
        if result.returncode != 0:
            return "does not compile: " + result.stderr.splitlines()[0]
        link.append(os.path.join(place, output))
    link += [objects[entry] for entry in sorted(keep) if entry not in compiled]
    program = os.path.join(place, "tests")
    result = run([COMPILER, "-fuse-ld=lld", *link, os.path.join(build, "isa/libtessera_isa.a"), "-lgtest_main", "-lgtest", "-o", program])
    if result.returncode != 0:
        return "does not link: " + result.stderr.splitlines()[0]
    try:
        failed = run([program, "--gtest_brief=1", "--gtest_fail_fast"]).returncode != 0
    except subprocess.TimeoutExpired:
        failed = True
    return "killed" if failed else "survived"


def main():
    build, wanted = os.path.abspath(sys.argv[1]), set(sys.argv[2:])
    chosen = [mutant for mutant in MUTANTS if not wanted or mutant[0] in wanted]
    bad = 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for mutant, verdict in zip(chosen, pool.map(lambda m: judge(m, build, folder), chosen)):
            expected = "survived" if mutant[0] in EQUIVALENT else "killed"
            if verdict != expected:
                bad += 1
                print(f"{mutant[0]}: {verdict}")
    print(f"{len(chosen)} mutants, {len(chosen) - bad} as expected")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
