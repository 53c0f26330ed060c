// Commands: `reallive user …` and `reallive camera …`. They write the database themselves and tell a running server.
// The main thread of a program that ends soon; each returns the exit code.
// They never need the server to run, and never ask it for anything.
#pragma once

#include <string>

#include "app/command.h"

namespace reallive::app {

struct UserOptions {
  CommonOptions common;
  std::string name, role = "viewer", email;
  bool password_stdin = false;
};
int user_add(const UserOptions& options);
int user_list(const CommonOptions& options);
int user_passwd(const UserOptions& options);
int user_remove(const UserOptions& options);

struct InviteOptions {
  CommonOptions common;
  std::string role = "viewer", by, url;
  int hours = 72;
};
/// Prints a link by which one person makes an account, once.
int user_invite(const InviteOptions& options);

struct CameraOptions {
  CommonOptions common;
  std::string name, source = "publish", owner, stream, transcode = "never";
  bool is_public = false, source_stdin = false;
};
int camera_add(const CameraOptions& options);
int camera_list(const CommonOptions& options);
int camera_show(const CameraOptions& options);
int camera_remove(const CameraOptions& options);

}  // namespace reallive::app
