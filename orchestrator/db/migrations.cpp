#include "db/database.h"

namespace reallive::db {

// Plain SQL that SQLite and PostgreSQL understand alike: ids and times are texts, booleans 0 or 1, names bound nowhere.
const std::vector<Migration>& migrations() {
  static const std::vector<Migration> steps = {
      {1,
       "accounts, cameras, sessions",
       {
           R"(CREATE TABLE organizations (
                id TEXT PRIMARY KEY,
                name TEXT NOT NULL,
                created_at TEXT NOT NULL,
                updated_at TEXT NOT NULL))",
           R"(INSERT INTO organizations (id, name, created_at, updated_at)
                VALUES ('default', 'default', '1970-01-01T00:00:00.000Z', '1970-01-01T00:00:00.000Z'))",
           R"(CREATE TABLE users (
                id TEXT PRIMARY KEY,
                username TEXT NOT NULL,
                email TEXT NOT NULL DEFAULT '',
                organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                role TEXT NOT NULL CHECK (role IN ('admin', 'operator', 'viewer', 'api_only')),
                password_hash TEXT NOT NULL,
                credential_version BIGINT NOT NULL DEFAULT 1,
                is_active INTEGER NOT NULL DEFAULT 1,
                created_at TEXT NOT NULL,
                updated_at TEXT NOT NULL))",
           "CREATE UNIQUE INDEX idx_users_username ON users (lower(username))",
           "CREATE INDEX idx_users_organization ON users (organization_id)",
           R"(CREATE TABLE cameras (
                id TEXT PRIMARY KEY,
                name TEXT NOT NULL,
                stream TEXT NOT NULL UNIQUE,
                company TEXT NOT NULL DEFAULT '',
                model TEXT NOT NULL DEFAULT '',
                serial_number TEXT,
                location TEXT NOT NULL DEFAULT '',
                place TEXT NOT NULL DEFAULT '',
                resolution TEXT NOT NULL DEFAULT '1080p',
                source_url TEXT NOT NULL,
                source_transport TEXT NOT NULL DEFAULT 'auto',
                source_on_demand INTEGER NOT NULL DEFAULT 1,
                is_active INTEGER NOT NULL DEFAULT 1,
                is_recording INTEGER NOT NULL DEFAULT 0,
                is_public INTEGER NOT NULL DEFAULT 0,
                stream_status TEXT NOT NULL DEFAULT 'offline'
                  CHECK (stream_status IN ('online', 'offline', 'connecting', 'error')),
                status TEXT NOT NULL DEFAULT 'offline' CHECK (status IN ('offline', 'online', 'streaming')),
                assigned_node TEXT NOT NULL DEFAULT '',
                stream_key TEXT NOT NULL UNIQUE,
                owner_id TEXT REFERENCES users (id) ON DELETE SET NULL,
                organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                created_at TEXT NOT NULL,
                updated_at TEXT NOT NULL,
                UNIQUE (organization_id, serial_number)))",
           "CREATE INDEX idx_cameras_owner ON cameras (owner_id)",
           "CREATE INDEX idx_cameras_organization ON cameras (organization_id, name)",
           R"(CREATE TABLE sessions (
                id TEXT PRIMARY KEY,
                camera_id TEXT NOT NULL REFERENCES cameras (id) ON DELETE CASCADE,
                organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                user_id TEXT REFERENCES users (id) ON DELETE SET NULL,
                kind TEXT NOT NULL CHECK (kind IN ('publish', 'view', 'record', 'relay')),
                protocol TEXT NOT NULL,
                start_time TEXT NOT NULL,
                end_time TEXT,
                status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'ended', 'error')),
                remote_address TEXT NOT NULL DEFAULT '',
                user_agent TEXT NOT NULL DEFAULT '',
                bytes BIGINT NOT NULL DEFAULT 0,
                error TEXT NOT NULL DEFAULT ''))",
           "CREATE INDEX idx_sessions_camera_time ON sessions (camera_id, start_time)",
           "CREATE INDEX idx_sessions_organization_time ON sessions (organization_id, start_time)",
           "CREATE INDEX idx_sessions_status ON sessions (status)",
       }},
      {2,
       "logins, invitations",
       {
           R"(CREATE TABLE logins (
                id TEXT PRIMARY KEY,
                user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                credential_version BIGINT NOT NULL,
                refresh_hash TEXT NOT NULL,
                delivery TEXT NOT NULL CHECK (delivery IN ('body', 'session_cookie', 'cookie')),
                created_at TEXT NOT NULL,
                used_at TEXT NOT NULL,
                expires_at TEXT NOT NULL))",
           "CREATE INDEX idx_logins_user ON logins (user_id, used_at)",
           R"(CREATE TABLE invitations (
                id TEXT PRIMARY KEY,
                organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
                role TEXT NOT NULL CHECK (role IN ('admin', 'operator', 'viewer', 'api_only')),
                token_hash TEXT NOT NULL UNIQUE,
                created_by TEXT REFERENCES users (id) ON DELETE SET NULL,
                created_at TEXT NOT NULL,
                expires_at TEXT NOT NULL,
                used_at TEXT,
                used_by TEXT REFERENCES users (id) ON DELETE SET NULL))",
           "CREATE INDEX idx_invitations_organization ON invitations (organization_id, created_at)",
       }},
      // source_url and stream_key are sealed from here on: catalog::Cameras::seal() does that, since SQL cannot.
      {3,
       "stream keys found by their digest",
       {
           "ALTER TABLE cameras ADD COLUMN stream_key_digest TEXT",
           "CREATE UNIQUE INDEX idx_cameras_stream_key ON cameras (stream_key_digest)",
       }},
      {4,
       "the record of sessions by time, for pruning and for one user's list",
       {
           "CREATE INDEX idx_sessions_time ON sessions (start_time)",
           "CREATE INDEX idx_sessions_user_time ON sessions (user_id, start_time)",
       }},
      {5, "transcoding", {"ALTER TABLE cameras ADD COLUMN source_transcode TEXT NOT NULL DEFAULT 'never'"}},
  };
  return steps;
}

}  // namespace reallive::db
