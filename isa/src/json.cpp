#include "tessera/isa/json.h"

#include <charconv>

namespace tessera::isa::json {
namespace {

constexpr int kMaxDepth = 32;

class Parser {
public:
  explicit Parser(std::string_view text) : text_(text) {}

  Expected<Value> run() {
    Value value;
    if (!parseValue(value, 0))
      return Error{message_};
    skipSpace();
    if (position_ != text_.size()) {
      fail("text after the end of the value");
      return Error{message_};
    }
    return value;
  }

private:
  bool fail(const std::string &what) {
    size_t line = 1, column = 1;
    for (size_t i = 0; i < position_ && i < text_.size(); ++i) {
      column = text_[i] == '\n' ? 1 : column + 1;
      line += text_[i] == '\n';
    }
    message_ = "line " + std::to_string(line) + " column " + std::to_string(column) + ": " + what;
    return false;
  }

  void skipSpace() {
    while (position_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[position_]) != std::string_view::npos)
      ++position_;
  }

  bool take(char wanted) {
    skipSpace();
    if (position_ >= text_.size() || text_[position_] != wanted)
      return false;
    ++position_;
    return true;
  }

  bool takeWord(std::string_view word) {
    if (text_.substr(position_, word.size()) != word)
      return false;
    position_ += word.size();
    return true;
  }

  bool parseValue(Value &value, int depth) {
    if (depth > kMaxDepth)
      return fail("nested deeper than " + std::to_string(kMaxDepth));
    skipSpace();
    if (position_ >= text_.size())
      return fail("unexpected end of text");
    switch (text_[position_]) {
    case '{':
      return parseObject(value, depth);
    case '[':
      return parseArray(value, depth);
    case '"':
      value.kind = Value::Kind::String;
      return parseString(value.string);
    default:
      return parseScalar(value);
    }
  }

  bool parseScalar(Value &value) {
    if (takeWord("null"))
      return true;
    if (takeWord("true") || takeWord("false")) {
      value.kind = Value::Kind::Boolean;
      value.boolean = text_[position_ - 2] == 'u';
      return true;
    }
    return parseNumber(value);
  }

  bool parseNumber(Value &value) {
    const char *begin = text_.data() + position_, *end = text_.data() + text_.size();
    auto [next, status] = std::from_chars(begin, end, value.integer);
    if (status == std::errc::invalid_argument)
      return fail("expected a value");
    bool isReal = next != end && (*next == '.' || *next == 'e' || *next == 'E');
    value.kind = isReal ? Value::Kind::Real : Value::Kind::Integer;
    value.real = static_cast<double>(value.integer);
    if (isReal) {
      auto [realEnd, realStatus] = std::from_chars(begin, end, value.real);
      next = realEnd, status = realStatus;
      value.integer = 0;
    }
    if (status != std::errc())
      return fail("number out of range");
    position_ += static_cast<size_t>(next - begin);
    return true;
  }

  bool parseObject(Value &value, int depth) {
    value.kind = Value::Kind::Object;
    ++position_;
    if (take('}'))
      return true;
    do {
      skipSpace();
      if (position_ >= text_.size() || text_[position_] != '"')
        return fail("expected a key");
      std::string key;
      if (!parseString(key))
        return false;
      if (value.find(key))
        return fail("key \"" + key + "\" appears twice");
      if (!take(':'))
        return fail("expected ':'");
      value.keys.push_back(std::move(key));
      value.items.emplace_back();
      if (!parseValue(value.items.back(), depth + 1))
        return false;
    } while (take(','));
    return take('}') || fail("expected ',' or '}'");
  }

  bool parseArray(Value &value, int depth) {
    value.kind = Value::Kind::Array;
    ++position_;
    if (take(']'))
      return true;
    do {
      value.items.emplace_back();
      if (!parseValue(value.items.back(), depth + 1))
        return false;
    } while (take(','));
    return take(']') || fail("expected ',' or ']'");
  }

  bool parseString(std::string &out) {
    ++position_;
    while (position_ < text_.size()) {
      char c = text_[position_++];
      if (c == '"')
        return true;
      if (static_cast<unsigned char>(c) < 0x20)
        return fail("control character in a string");
      if (c != '\\')
        out += c;
      else if (!parseEscape(out))
        return false;
    }
    return fail("string without end");
  }

  bool parseEscape(std::string &out) {
    char c = position_ < text_.size() ? text_[position_++] : '\0';
    constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
    if (size_t at = kFrom.find(c); c && at != std::string_view::npos) {
      out += kTo[at];
      return true;
    }
    uint32_t code = 0;
    if (c != 'u' || position_ + 4 > text_.size())
      return fail("bad escape in a string");
    auto [next, status] = std::from_chars(text_.data() + position_, text_.data() + position_ + 4, code, 16);
    if (status != std::errc() || next != text_.data() + position_ + 4 || (code >= 0xd800 && code < 0xe000))
      return fail("bad escape in a string");
    position_ += 4;
    appendUtf8(out, code);
    return true;
  }

  static void appendUtf8(std::string &out, uint32_t code) {
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else if (code < 0x800) {
      out += static_cast<char>(0xc0 | code >> 6);
      out += static_cast<char>(0x80 | (code & 0x3f));
    } else {
      out += static_cast<char>(0xe0 | code >> 12);
      out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
      out += static_cast<char>(0x80 | (code & 0x3f));
    }
  }

  std::string_view text_;
  size_t position_ = 0;
  std::string message_;
};

} // namespace

const Value *Value::find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i)
    if (keys[i] == key)
      return &items[i];
  return nullptr;
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr const char *kDigits = "0123456789abcdef";
      out += "\\u00";
      out += kDigits[c >> 4];
      out += kDigits[c & 15];
    } else {
      out += c;
    }
  }
  return out + '"';
}

Expected<Value> parse(std::string_view text) { return Parser(text).run(); }

} // namespace tessera::isa::json
