#include "tessera/compiler/tuning_log.h"

#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace tessera::compiler {

using isa::Error;
using isa::Expected;

namespace {

namespace fs = std::filesystem;

constexpr int kApplication = 0x54535254; // "TSRT": SQLite's mark of whose file it is
constexpr int kFormat = 1;
constexpr int kMostTextBytes = 1 << 20; // of a key or a choice

constexpr const char *kTables = R"(
CREATE TABLE tasks(
  id INTEGER PRIMARY KEY, machine TEXT NOT NULL, memory TEXT NOT NULL, version TEXT NOT NULL, key TEXT NOT NULL,
  choice TEXT, value REAL, untuned REAL, UNIQUE(machine, memory, version, key)) STRICT;
CREATE TABLE measurements(
  task INTEGER NOT NULL REFERENCES tasks(id), number INTEGER NOT NULL, choice TEXT NOT NULL, value REAL,
  PRIMARY KEY(task, choice)) STRICT, WITHOUT ROWID;
)";

/// One SQL statement with its values.
class Statement {
public:
  Statement(sqlite3 *database, const char *sql) {
    ok_ = sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr) == SQLITE_OK;
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement &) = delete;
  Statement &operator=(const Statement &) = delete;

  Statement &bind(const std::string &text) {
    ok_ = ok_ && sqlite3_bind_text(statement_, ++bound_, text.data(), int(text.size()), SQLITE_TRANSIENT) ==
                     SQLITE_OK;
    return *this;
  }
  Statement &bind(int64_t number) {
    ok_ = ok_ && sqlite3_bind_int64(statement_, ++bound_, number) == SQLITE_OK;
    return *this;
  }
  Statement &bind(std::optional<double> number) {
    ++bound_;
    ok_ = ok_ && (number ? sqlite3_bind_double(statement_, bound_, *number)
                         : sqlite3_bind_null(statement_, bound_)) == SQLITE_OK;
    return *this;
  }
  /// Whether there is a row; nothing after an error.
  std::optional<bool> step() {
    if (!ok_)
      return std::nullopt;
    const int result = sqlite3_step(statement_);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
      return std::nullopt;
    return result == SQLITE_ROW;
  }
  bool run() { return step().has_value(); }

  std::string text(int column) const {
    const auto *bytes = reinterpret_cast<const char *>(sqlite3_column_text(statement_, column));
    return bytes ? std::string(bytes, size_t(sqlite3_column_bytes(statement_, column))) : std::string();
  }
  int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  std::optional<double> number(int column) const {
    if (sqlite3_column_type(statement_, column) == SQLITE_NULL)
      return std::nullopt;
    return sqlite3_column_double(statement_, column);
  }

private:
  sqlite3_stmt *statement_ = nullptr;
  int bound_ = 0;
  bool ok_ = false;
};

class SqliteLog : public TuningLog {
public:
  explicit SqliteLog(std::string path) : path_(std::move(path)) {}
  ~SqliteLog() override { sqlite3_close(database_); }

  Expected<void> prepare(Mode mode) {
    std::error_code failed;
    if (mode == Mode::Read && !fs::is_regular_file(path_, failed))
      return Error{"cannot read the tuning log " + path_ + ": no such file"};
    const fs::path folder = fs::path(path_).parent_path();
    if (mode == Mode::Write && !folder.empty())
      if (fs::create_directories(folder, failed); failed)
        return Error{"cannot make the folder of the tuning log " + path_ + ": " + failed.message()};
    if (mode == Mode::Write) {
      if (auto opened = openWith(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE); !opened)
        return opened;
      return run("PRAGMA foreign_keys = ON") ? transaction([&] { return checkFormat(true); }) : error("open");
    }
    auto ready = openToRead(SQLITE_OPEN_READONLY);
    // A writer was killed: what it left half-written is taken back by the first who may write.
    if (!ready && database_ && sqlite3_extended_errcode(database_) == SQLITE_READONLY_ROLLBACK) {
      if (auto mended = openToRead(SQLITE_OPEN_READWRITE); !mended)
        return mended;
      ready = openToRead(SQLITE_OPEN_READONLY);
    }
    return ready;
  }

  Expected<void> openToRead(int flags) {
    auto opened = openWith(flags);
    return opened ? checkFormat(false) : opened;
  }

  Expected<void> openWith(int flags) {
    sqlite3_close(database_);
    database_ = nullptr;
    if (sqlite3_open_v2(path_.c_str(), &database_, flags | SQLITE_OPEN_NOMUTEX, nullptr) != SQLITE_OK)
      return error("open");
    sqlite3_extended_result_codes(database_, 1);
    sqlite3_busy_timeout(database_, kBusySeconds * 1000);
    // What comes from a file is data: no triggers or views of it run, and nothing in it may be large.
    sqlite3_db_config(database_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(database_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(database_, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    sqlite3_db_config(database_, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
    sqlite3_limit(database_, SQLITE_LIMIT_LENGTH, 4 * kMostTextBytes);
    return {};
  }

  Expected<std::vector<TuningMeasurement>> measurements(const TuningPlace &place,
                                                        const std::string &task) override {
    Statement select(database_,
                     "SELECT m.choice, m.value FROM measurements m JOIN tasks t ON m.task = t.id WHERE "
                     "t.machine = ? AND t.memory = ? AND t.version = ? AND t.key = ? ORDER BY m.number");
    bindPlace(select, place, task);
    std::vector<TuningMeasurement> found;
    for (;;) {
      const auto row = select.step();
      if (!row)
        return error("read");
      if (!*row)
        return found;
      found.push_back({select.text(0), select.number(1)});
    }
  }

  Expected<void> add(const TuningPlace &place, const std::string &task,
                     std::span<const TuningMeasurement> measurements) override {
    return transaction([&]() -> Expected<void> {
      const auto id = taskId(place, task);
      if (!id)
        return id.error();
      for (const TuningMeasurement &measurement : measurements) {
        Statement insert(database_,
                         "INSERT INTO measurements(task, number, choice, value) VALUES(?1, (SELECT "
                         "COUNT(*) FROM measurements WHERE task = ?1), ?2, ?3) ON CONFLICT(task, choice) "
                         "DO UPDATE SET value = excluded.value");
        if (!insert.bind(*id).bind(measurement.choice).bind(measurement.value).run())
          return error("write");
      }
      return {};
    });
  }

  Expected<std::optional<TunedChoice>> chosen(const TuningPlace &place, const std::string &task) override {
    Statement select(database_,
                     "SELECT choice, value, untuned FROM tasks WHERE machine = ? AND memory = ? AND "
                     "version = ? AND key = ? AND choice IS NOT NULL");
    bindPlace(select, place, task);
    const auto row = select.step();
    if (!row)
      return error("read");
    if (!*row)
      return std::optional<TunedChoice>();
    return std::optional(
        TunedChoice{select.text(0), select.number(1).value_or(0), select.number(2).value_or(0)});
  }

  Expected<void> choose(const TuningPlace &place, const std::string &task,
                        const std::optional<TunedChoice> &choice) override {
    return transaction([&] { return set(place, task, choice); });
  }

  Expected<void> choose(const TuningPlace &place,
                        const std::map<std::string, TunedChoice> &choices) override {
    return transaction([&]() -> Expected<void> {
      for (const auto &[task, choice] : choices)
        if (auto done = set(place, task, choice); !done)
          return done;
      return {};
    });
  }

private:
  Expected<void> set(const TuningPlace &place, const std::string &task,
                     const std::optional<TunedChoice> &choice) {
    const auto id = taskId(place, task);
    if (!id)
      return id.error();
    Statement update(database_,
                     choice ? "UPDATE tasks SET choice = ?2, value = ?3, untuned = ?4 WHERE id = ?1"
                            : "UPDATE tasks SET choice = NULL, value = NULL, untuned = NULL WHERE id = ?1");
    update.bind(*id);
    if (choice)
      update.bind(choice->choice).bind(std::optional(choice->value)).bind(std::optional(choice->untuned));
    return update.run() ? Expected<void>() : error("write");
  }

  Error error(const char *what) const {
    return {"cannot " + std::string(what) + " the tuning log " + path_ + ": " +
            (database_ ? sqlite3_errmsg(database_) : "out of memory")};
  }

  bool run(const char *sql) { return sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) == SQLITE_OK; }

  template <class Work> Expected<void> transaction(Work work) {
    if (!run("BEGIN IMMEDIATE"))
      return error("write");
    Expected<void> done = work();
    if (done && !run("COMMIT"))
      done = error("write");
    if (!done)
      run("ROLLBACK");
    return done;
  }

  std::optional<int64_t> pragma(const char *sql) {
    Statement statement(database_, sql);
    const auto row = statement.step();
    return row && *row ? std::optional(statement.integer(0)) : std::nullopt;
  }

  /// That the file is a tuning log of this format; an empty one becomes that.
  Expected<void> checkFormat(bool mayMake) {
    const auto application = pragma("PRAGMA application_id"), format = pragma("PRAGMA user_version"),
               tables = pragma("SELECT COUNT(*) FROM sqlite_schema");
    if (!application || !format || !tables)
      return error("read");
    if (*application == 0 && *tables == 0 && mayMake) {
      const std::string marks = "PRAGMA application_id = " + std::to_string(kApplication) +
                                "; PRAGMA user_version = " + std::to_string(kFormat) + ";";
      return run(kTables) && run(marks.c_str()) ? Expected<void>() : error("write");
    }
    if (*application != kApplication)
      return Error{path_ + " is no tuning log"};
    if (*format != kFormat)
      return Error{"the tuning log " + path_ + " has format " + std::to_string(*format) +
                   ", this program knows " + std::to_string(kFormat)};
    return {};
  }

  static void bindPlace(Statement &statement, const TuningPlace &place, const std::string &task) {
    statement.bind(place.machine).bind(place.memory).bind(place.version).bind(task);
  }

  Expected<int64_t> taskId(const TuningPlace &place, const std::string &task) {
    Statement insert(database_, "INSERT INTO tasks(machine, memory, version, key) VALUES(?, ?, ?, ?) ON "
                                "CONFLICT(machine, memory, version, key) DO NOTHING");
    bindPlace(insert, place, task);
    if (!insert.run())
      return error("write");
    Statement select(database_,
                     "SELECT id FROM tasks WHERE machine = ? AND memory = ? AND version = ? AND key = ?");
    bindPlace(select, place, task);
    const auto row = select.step();
    return row && *row ? Expected<int64_t>(select.integer(0)) : error("read");
  }

  std::string path_;
  sqlite3 *database_ = nullptr;
};

} // namespace

Expected<std::unique_ptr<TuningLog>> TuningLog::open(const std::string &path, Mode mode) {
  auto log = std::make_unique<SqliteLog>(path);
  if (auto ready = log->prepare(mode); !ready)
    return ready.error();
  return std::unique_ptr<TuningLog>(std::move(log));
}

std::string defaultTuningLog() {
  fs::path folder;
  if (const char *given = std::getenv("XDG_CACHE_HOME"); given && *given)
    folder = fs::path(given) / "tessera";
  else if (const char *home = std::getenv("HOME"); home && *home)
    folder = fs::path(home) / ".cache/tessera";
  else
    folder = fs::temp_directory_path() / ("tessera-cache-" + std::to_string(getuid()));
  return folder / "tuning.db";
}

} // namespace tessera::compiler
