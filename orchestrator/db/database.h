// Database: the server's SQL database (SQLite in WAL mode) with its migrations; the only door to SOCI.
// database.session() may be called from any thread; a Session belongs to one thread at a time.
// It never builds SQL from values: every value is bound by name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace reallive::db {

/// One value on its way into or out of a statement. Booleans are stored as 0 and 1, times as RFC 3339 texts in UTC.
class Value {
 public:
  Value() = default;  ///< NULL
  Value(std::nullptr_t) {}
  Value(bool value) : data_(static_cast<int64_t>(value)) {}
  Value(int value) : data_(static_cast<int64_t>(value)) {}
  Value(int64_t value) : data_(value) {}
  Value(uint64_t value) : data_(static_cast<int64_t>(value)) {}
  Value(double value) : data_(value) {}
  Value(const char* text) : data_(std::string(text)) {}
  Value(std::string_view text) : data_(std::string(text)) {}
  Value(std::string text) : data_(std::move(text)) {}
  template <typename T>
  Value(const std::optional<T>& value) {
    if (value) *this = Value(*value);
  }

  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  /// Converted where that loses nothing; 0 and "" for NULL.
  int64_t integer() const;
  double real() const;
  std::string text() const;
  std::optional<std::string> maybe_text() const;

  const std::variant<std::monostate, int64_t, double, std::string>& data() const { return data_; }

 private:
  std::variant<std::monostate, int64_t, double, std::string> data_;
};

/// `:name` in the statement takes this value. Each name stands once in a statement.
using Binding = std::pair<std::string, Value>;
using Bindings = std::vector<Binding>;

class Row {
 public:
  void add(std::string column, Value value) { columns_.emplace_back(std::move(column), std::move(value)); }
  /// NULL when there is no such column.
  const Value& operator[](std::string_view column) const;

 private:
  std::vector<std::pair<std::string, Value>> columns_;
};

/// Whether a transaction is on the disk when it returns. `relaxed` survives the end of the process, but a power cut
/// may take the last moments; `full` is for accounts, cameras and keys.
enum class Durability { relaxed, full };

class Connection;

/// A connection on loan; goes back at the end of the scope. Error codes: `unique` (the message names table and
/// column), `foreign-key`, `busy` (somebody else writes for longer than the busy timeout), `database`.
class Session {
 public:
  Session(Session&&) noexcept;
  Session& operator=(Session&&) = delete;
  ~Session();

  base::Result<std::vector<Row>> query(std::string_view sql, const Bindings& bindings = {});
  /// The number of rows changed.
  base::Result<int64_t> execute(std::string_view sql, const Bindings& bindings = {});
  /// Commits when `work` succeeds, else undoes all of it. Not to be nested.
  base::Result<void> transaction(Durability durability, const std::function<base::Result<void>()>& work);

 private:
  friend class Database;
  Session(std::shared_ptr<class Pool> pool, std::unique_ptr<Connection> connection);
  std::shared_ptr<Pool> pool_;
  std::unique_ptr<Connection> connection_;
};

struct Config {
  std::filesystem::path file;
  int busy_timeout_ms = 3000;  ///< how long a write waits for another process's write
  bool operator==(const Config&) const = default;
};

/// One step of the schema; `number` counts up from 1 without gaps. A step that was released never changes.
struct Migration {
  int number;
  std::string_view name;
  std::vector<std::string_view> statements;
};
const std::vector<Migration>& migrations();

class Database {
 public:
  /// Opens or makes the file (mode 0600) and brings its schema up to date, each migration in a transaction.
  /// A file of a newer version is refused, code `newer-schema`.
  static base::Result<std::unique_ptr<Database>> open(const Config& config);
  /// As open(), with other migrations than the program's: for tests of migrating.
  static base::Result<std::unique_ptr<Database>> open(const Config& config, std::span<const Migration> steps);
  ~Database();

  /// Writes the file anew, so that nothing that was deleted or overwritten is left in it. For seldom use: it copies
  /// all. Code `busy` while somebody still reads what was there before.
  base::Result<void> forget_deleted();
  /// A connection of the pool, or a new one; the pool keeps a few.
  base::Result<Session> session();

 private:
  explicit Database(std::shared_ptr<Pool> pool);
  std::shared_ptr<Pool> pool_;
};

}  // namespace reallive::db
