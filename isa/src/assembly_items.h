// The words of the assembler text: what one `name=value` stands for.
#pragma once

#include "tessera/isa/fields.h"

#include <string>
#include <vector>

namespace tessera::isa {

/// One item of a line: one field, or several in brackets.
struct AssemblyItem {
  enum class Form {
    Flag,     ///< bare word: the field is 1
    Name,     ///< bare word: the value of an enumeration
    Value,    ///< name=value; a value may be a name of the field's enumeration
    Pair,     ///< name=(a,b,...)
    Range,    ///< name=[a,b)
    Immediate ///< imm=value, and unused_imm=value where the field that enables it is 0
  };
  Form form;
  std::string name;
  std::vector<size_t> fields;
  bool omittedWhenZero = false;
  int64_t offset = 0; ///< text less field value
};

/// The items of an instruction in the order of the text.
const std::vector<AssemblyItem> &assemblyItems(size_t kind);

/// pop_prev, pop_next, push_prev, push_next, with the member that each stands for.
struct DependencyWord {
  const char *name;
  bool Dependencies::*member;
};
extern const DependencyWord kDependencyWords[4];

} // namespace tessera::isa
