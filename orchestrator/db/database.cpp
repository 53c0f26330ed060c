#include "db/database.h"

#include <fcntl.h>
#include <mutex>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sqlite3.h>
#include <unistd.h>

#include "base/time.h"

namespace reallive::db {

using base::fail;
using base::Result;

namespace {

constexpr size_t pool_size = 4;  // idle connections that are kept

tl::unexpected<base::Error> database_error(const soci::soci_error& error) {
  // Not what(): that repeats the statement with its values, hashes and keys among them.
  const std::string what = error.get_error_message();
  if (what.find("UNIQUE constraint failed") != std::string::npos) return fail("unique", what);
  if (what.find("FOREIGN KEY constraint failed") != std::string::npos) return fail("foreign-key", what);
  if (const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
      (sqlite && (sqlite->result() & 0xFF) == SQLITE_BUSY) || what.find("database is locked") != std::string::npos)
    return fail("busy", "another program is writing to the database");
  return fail("database", what);
}

// What a statement's parameters point to while it runs; SOCI keeps only references.
struct BoundValue {
  soci::indicator indicator = soci::i_ok;
  long long number = 0;
  double real = 0;
  std::string text;
};

void bind(soci::statement& statement, BoundValue& bound, const std::string& name, const Value& value) {
  if (value.is_null()) bound.indicator = soci::i_null;
  if (const auto* number = std::get_if<int64_t>(&value.data())) {
    bound.number = *number;
    statement.exchange(soci::use(bound.number, bound.indicator, name));
  } else if (const auto* real = std::get_if<double>(&value.data())) {
    bound.real = *real;
    statement.exchange(soci::use(bound.real, bound.indicator, name));
  } else {
    bound.text = value.text();
    statement.exchange(soci::use(bound.text, bound.indicator, name));
  }
}

Value column_value(const soci::row& row, size_t i) {
  if (row.get_indicator(i) == soci::i_null) return {};
  switch (row.get_properties(i).get_data_type()) {
    case soci::dt_integer:
      return row.get<int>(i);
    case soci::dt_long_long:
      return static_cast<int64_t>(row.get<long long>(i));
    case soci::dt_unsigned_long_long:
      return static_cast<uint64_t>(row.get<unsigned long long>(i));
    case soci::dt_double:
      return row.get<double>(i);
    case soci::dt_string:
    case soci::dt_xml:
      return row.get<std::string>(i);
    case soci::dt_date:
    case soci::dt_blob:
      break;  // no table has such columns
  }
  return {};
}

}  // namespace

class Connection {
 public:
  explicit Connection(const Config& config) : sql(soci::sqlite3, "dbname=\"" + config.file.string() + "\"") {
    // The timeout first: switching to WAL waits for other programs too.
    sql << "PRAGMA busy_timeout = " << config.busy_timeout_ms;
    std::string mode;
    sql << "PRAGMA journal_mode = WAL", soci::into(mode);
    sql << "PRAGMA synchronous = NORMAL";
    sql << "PRAGMA foreign_keys = ON";
  }
  soci::session sql;
};

class Pool {
 public:
  explicit Pool(Config config) : config_(std::move(config)) {}

  std::unique_ptr<Connection> take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto connection = std::move(idle_.back());
        idle_.pop_back();
        return connection;
      }
    }
    return std::make_unique<Connection>(config_);
  }
  void give_back(std::unique_ptr<Connection> connection) {
    const std::lock_guard lock(mutex_);
    if (idle_.size() < pool_size) idle_.push_back(std::move(connection));
  }

 private:
  const Config config_;
  std::mutex mutex_;  // guards idle_
  std::vector<std::unique_ptr<Connection>> idle_;
};

Session::Session(std::shared_ptr<Pool> pool, std::unique_ptr<Connection> connection)
    : pool_(std::move(pool)), connection_(std::move(connection)) {}
Session::Session(Session&&) noexcept = default;
Session::~Session() {
  if (connection_) pool_->give_back(std::move(connection_));
}

Result<std::vector<Row>> Session::query(std::string_view sql, const Bindings& bindings) {
  try {
    std::vector<BoundValue> bound(bindings.size());
    soci::row row;
    soci::statement statement(connection_->sql);
    statement.alloc();
    statement.prepare(std::string(sql));
    for (size_t i = 0; i < bindings.size(); ++i)
      bind(statement, bound[i], bindings[i].first, bindings[i].second);
    statement.define_and_bind();
    statement.exchange_for_rowset(soci::into(row));
    statement.execute(false);
    std::vector<Row> rows;
    while (statement.fetch()) {
      Row& result = rows.emplace_back();
      for (size_t i = 0; i < row.size(); ++i)
        result.add(row.get_properties(i).get_name(), column_value(row, i));
    }
    return rows;
  } catch (const soci::soci_error& error) {
    return database_error(error);
  }
}

Result<int64_t> Session::execute(std::string_view sql, const Bindings& bindings) {
  try {
    std::vector<BoundValue> bound(bindings.size());
    soci::statement statement(connection_->sql);
    statement.alloc();
    statement.prepare(std::string(sql));
    for (size_t i = 0; i < bindings.size(); ++i)
      bind(statement, bound[i], bindings[i].first, bindings[i].second);
    statement.define_and_bind();
    statement.execute(true);
    return statement.get_affected_rows();
  } catch (const soci::soci_error& error) {
    return database_error(error);
  }
}

Result<void> Session::transaction(Durability durability, const std::function<Result<void>()>& work) {
  if (durability == Durability::full) {
    if (auto done = execute("PRAGMA synchronous = FULL"); !done) return tl::unexpected(done.error());
  }
  // IMMEDIATE: the write lock is waited for here, under the busy timeout; an upgrade later could only fail.
  Result<void> result;
  if (auto begun = execute("BEGIN IMMEDIATE"); !begun) {
    result = tl::unexpected(begun.error());
  } else {
    result = work();
    if (result) {
      if (auto committed = execute("COMMIT"); !committed) result = tl::unexpected(committed.error());
    }
    if (!result) (void)execute("ROLLBACK");
  }
  if (durability == Durability::full) (void)execute("PRAGMA synchronous = NORMAL");
  return result;
}

namespace {

Result<void> apply(Session& session, const Migration& step) {
  return session.transaction(Durability::full, [&]() -> Result<void> {
    // Asked inside the transaction: two programs may open the same new file at once.
    auto there =
        session.query("SELECT number FROM schema_migrations WHERE number = :number", {{"number", step.number}});
    if (!there) return tl::unexpected(there.error());
    if (!there->empty()) return {};
    for (const std::string_view statement : step.statements) {
      if (auto done = session.execute(statement); !done)
        return fail("database", "migration " + std::to_string(step.number) + ": " + done.error().message);
    }
    auto noted = session.execute(
        "INSERT INTO schema_migrations (number, name, applied_at) VALUES (:number, :name, :applied_at)",
        {{"number", step.number}, {"name", step.name}, {"applied_at", base::format_time(base::system_clock().now())}});
    if (!noted) return tl::unexpected(noted.error());
    return {};
  });
}

Result<void> migrate(Session& session, std::span<const Migration> steps) {
  auto made = session.execute(
      "CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, "
      "applied_at TEXT NOT NULL)");
  if (!made) return tl::unexpected(made.error());
  auto newest = session.query("SELECT max(number) AS newest FROM schema_migrations");
  if (!newest) return tl::unexpected(newest.error());
  const int64_t known = steps.empty() ? 0 : steps.back().number;
  if (const int64_t there = newest->front()["newest"].integer(); there > known)
    return fail("newer-schema", "the database was written by a newer version of the program (schema " +
                                    std::to_string(there) + ", this one knows " + std::to_string(known) + ")");
  for (const Migration& step : steps) {
    if (auto applied = apply(session, step); !applied) return applied;
  }
  return {};
}

}  // namespace

Database::Database(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}
Database::~Database() = default;

Result<std::unique_ptr<Database>> Database::open(const Config& config) {
  return open(config, migrations());
}

Result<std::unique_ptr<Database>> Database::open(const Config& config, std::span<const Migration> steps) {
  // Made before SQLite does, so that nobody else can read it for a moment; the WAL beside it takes over the mode.
  const int descriptor = ::open(config.file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return fail("database", "cannot open " + config.file.string() + " for writing");
  ::close(descriptor);
  std::unique_ptr<Database> database(new Database(std::make_shared<Pool>(config)));
  auto session = database->session();
  if (!session) return tl::unexpected(session.error());
  if (auto done = migrate(*session, steps); !done) return tl::unexpected(done.error());
  return database;
}

Result<Session> Database::session() {
  try {
    return Session(pool_, pool_->take());
  } catch (const soci::soci_error& error) {
    return database_error(error);
  }
}

Result<void> Database::forget_deleted() {
  auto connection = session();
  if (!connection) return tl::unexpected(connection.error());
  if (auto done = connection->execute("VACUUM"); !done) return tl::unexpected(done.error());
  // The log still holds what the pages were before.
  auto done = connection->query("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!done) return tl::unexpected(done.error());
  if (done->empty() || done->front()["busy"].integer() != 0)
    return fail("busy", "the database is being read: what was deleted cannot be taken out of its log");
  return {};
}

}  // namespace reallive::db
