// The `reallive` program: reads the command line and calls the subcommand. The only user of CLI11.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>

#include "app/commands.h"
#include "app/serve.h"
#include "reallive-config.h"

namespace {

using namespace reallive::app;

void add_common(CLI::App& command, CommonOptions& options, bool with_json) {
  command.add_option("-c,--config", options.config_file, "Configuration file (TOML)")->type_name("FILE");
  command.add_option("--data", options.data_dir, "Data directory; default ~/.local/share/reallive")->type_name("DIR");
  if (with_json) command.add_flag("--json", options.json, "Print JSON");
}

void add_serve_command(CLI::App& top, CommonOptions& options, int& result) {
  CLI::App* command = top.add_subcommand("serve", "Run the server");
  add_common(*command, options, false);
  command->add_option("--set", options.sets, "A setting, such as http.listen=127.0.0.1:8080; may be repeated")
      ->type_name("KEY=VALUE")
      ->take_all();
  command->callback([&] { result = serve(options); });
}

void add_user_commands(CLI::App& top, UserOptions& options, InviteOptions& invite_options, int& result) {
  CLI::App* user = top.add_subcommand("user", "Accounts: add, invite, list, passwd, remove");
  user->require_subcommand(1);

  CLI::App* add = user->add_subcommand("add", "Make an account");
  add->add_option("NAME", options.name, "1 to 50 letters, digits and . _ @ -")->required();
  add->add_option("--role", options.role, "admin, operator, viewer or api_only; default viewer")->type_name("ROLE");
  add->add_option("--email", options.email)->type_name("ADDRESS");
  add->add_flag("--password-stdin", options.password_stdin, "Read the password from standard input");
  add_common(*add, options.common, true);
  add->callback([&] { result = user_add(options); });

  CLI::App* invite = user->add_subcommand("invite", "Print a link by which one person makes an account, once");
  invite->add_option("--role", invite_options.role, "admin, operator, viewer or api_only; default viewer")
      ->type_name("ROLE");
  invite->add_option("--hours", invite_options.hours, "How long the link is good; default 72")
      ->check(CLI::Range(1, 30 * 24));
  invite->add_option("--by", invite_options.by, "The admin in whose name; default the first")->type_name("NAME");
  invite->add_option("--url", invite_options.url, "Where the server is, if its settings do not tell");
  invite->add_option("--set", invite_options.common.sets, "A setting that the server was started with")
      ->type_name("KEY=VALUE")
      ->take_all();
  add_common(*invite, invite_options.common, true);
  invite->callback([&] { result = user_invite(invite_options); });

  CLI::App* list = user->add_subcommand("list", "Show all accounts");
  add_common(*list, options.common, true);
  list->callback([&] { result = user_list(options.common); });

  CLI::App* passwd = user->add_subcommand("passwd", "Give an account a new password");
  passwd->add_option("NAME", options.name)->required();
  passwd->add_flag("--password-stdin", options.password_stdin, "Read the password from standard input");
  add_common(*passwd, options.common, true);
  passwd->callback([&] { result = user_passwd(options); });

  CLI::App* remove = user->add_subcommand("remove", "Remove an account; its cameras stay");
  remove->add_option("NAME", options.name)->required();
  add_common(*remove, options.common, true);
  remove->callback([&] { result = user_remove(options); });
}

void add_camera_commands(CLI::App& top, CameraOptions& options, int& result) {
  CLI::App* camera = top.add_subcommand("camera", "Cameras: add, list, show, remove");
  camera->require_subcommand(1);

  CLI::App* add = camera->add_subcommand("add", "Add a camera");
  add->add_option("NAME", options.name, "A name for people; the short name is made from it")->required();
  CLI::Option* source =
      add->add_option("--source", options.source, "publish (default), test, rtsp://…, device:NAME or launch:…")
          ->type_name("SOURCE");
  add->add_flag("--source-stdin", options.source_stdin, "Read the source from standard input, as one with a password")
      ->excludes(source);
  add->add_option("--owner", options.owner, "User who owns it; without one it belongs to admins")->type_name("NAME");
  add->add_option("--stream", options.stream, "Short name in addresses, instead of one made from the name")
      ->type_name("STREAM");
  add->add_option("--transcode", options.transcode, "h264: H.265 is converted for browsers that cannot show it")
      ->type_name("never|h264");
  add->add_flag("--public", options.is_public, "Anybody may watch it without an account");
  add_common(*add, options.common, true);
  add->callback([&] { result = camera_add(options); });

  CLI::App* list = camera->add_subcommand("list", "Show all cameras");
  add_common(*list, options.common, true);
  list->callback([&] { result = camera_list(options.common); });

  CLI::App* show = camera->add_subcommand("show", "Show one camera with its stream key");
  show->add_option("STREAM", options.name, "Short name or id")->required();
  add_common(*show, options.common, true);
  show->callback([&] { result = camera_show(options); });

  CLI::App* remove = camera->add_subcommand("remove", "Remove a camera");
  remove->add_option("STREAM", options.name, "Short name or id")->required();
  add_common(*remove, options.common, true);
  remove->callback([&] { result = camera_remove(options); });
}

int run(int argc, char** argv) {
  CLI::App top("RealLive: live video from cameras, phones and files to browsers.", "reallive");
  top.set_version_flag("--version", "reallive " REALLIVE_VERSION);
  top.require_subcommand(1);
  int result = exit_done;
  CommonOptions server;
  UserOptions user;
  InviteOptions invite;
  CameraOptions camera;
  add_serve_command(top, server, result);
  add_user_commands(top, user, invite, result);
  add_camera_commands(top, camera, result);
  try {
    top.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 has a code for each kind of mistake; ours are 0 for --help and --version, 2 for the rest.
    return top.exit(error) == 0 ? exit_done : exit_usage;
  }
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "reallive: %s\n", error.what());
    return exit_failed;
  }
}
