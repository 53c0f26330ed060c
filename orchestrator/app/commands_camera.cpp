#include <iostream>

#include "api/camera_json.h"
#include "app/commands.h"
#include "app/control.h"
#include "pipeline/camera_source.h"

namespace reallive::app {

using base::Json;
using base::Result;

namespace {

// The source as people may see it: passwords in it are ***.
std::string shown_source(const catalog::Camera& camera) {
  const auto source = pipeline::parse_camera_source(camera.source.url);
  return source ? pipeline::describe(*source) : base::log::redact_url(camera.source.url);
}

void print_camera(const catalog::Camera& camera, const std::string& owner) {
  print_table({{"id", camera.id},
               {"name", camera.name},
               {"stream", camera.stream},
               {"source", shown_source(camera)},
               {"transcode", camera.source.transcode},
               {"streamKey", camera.stream_key},
               {"owner", owner.empty() ? "nobody (admins only)" : owner},
               {"active", camera.is_active ? "yes" : "no"},
               {"public", camera.is_public ? "yes" : "no"},
               {"status", camera.status},
               {"created", camera.created_at}});
}

std::string owner_name(Store& store, const catalog::Camera& camera) {
  if (camera.owner_id.empty()) return {};
  const auto owner = store.users.find(camera.owner_id);
  return owner ? owner->username : camera.owner_id;
}

Result<catalog::Camera> find_camera(Store& store, const std::string& name_or_id) {
  auto camera = store.cameras.find(auth::default_organization, name_or_id);
  if (!camera && camera.error().code == "CAMERA_NOT_FOUND")
    return base::fail("CAMERA_NOT_FOUND", "there is no camera with the short name or id " + name_or_id);
  return camera;
}

}  // namespace

int camera_add(const CameraOptions& options) {
  const std::string option = options.source_stdin ? "--source-stdin" : "--source";
  return with_store(options.common, [&](Store& store) -> Result<void> {
    auto url = options.source_stdin ? read_source() : options.source;
    if (!url) return tl::unexpected(url.error());
    catalog::CameraFields fields{.name = options.name,
                                 .source_url = *url,
                                 .source_transcode = options.transcode,
                                 .is_public = options.is_public};
    if (auto source = pipeline::parse_camera_source(*url); !source)
      return base::invalid(option, source.error().message);
    if (!options.stream.empty()) fields.stream = options.stream;
    if (!options.owner.empty()) {
      auto owner = store.users.find_by_name(options.owner);
      if (!owner) return base::invalid("--owner", "there is no user called " + options.owner);
      fields.owner_id = owner->id;
    }
    auto camera = store.cameras.create(auth::default_organization, fields);
    if (!camera) return tl::unexpected(camera.error());
    reload_server(store.data_dir);
    if (options.common.json)
      print_json(api::camera_json(*camera, true));
    else
      print_camera(*camera, options.owner);
    return {};
  });
}

int camera_list(const CommonOptions& options) {
  return with_store(options, [&](Store& store) -> Result<void> {
    Json list = Json::array();
    std::vector<std::vector<std::string>> rows = {{"STREAM", "NAME", "SOURCE", "STATUS", "OWNER", "PUBLIC"}};
    catalog::CameraQuery query{.organization_id = std::string(auth::default_organization), .limit = 1000};
    do {
      auto page = store.cameras.list(query);
      if (!page) return tl::unexpected(page.error());
      for (const catalog::Camera& camera : page->items) {
        list.push(api::camera_json(camera, true));
        rows.push_back({camera.stream, camera.name, shown_source(camera), camera.is_active ? camera.status : "off",
                        owner_name(store, camera), camera.is_public ? "yes" : "no"});
      }
      query.cursor = page->next_cursor;
    } while (!query.cursor.empty());
    options.json ? print_json(list) : print_table(rows);
    return {};
  });
}

int camera_show(const CameraOptions& options) {
  return with_store(options.common, [&](Store& store) -> Result<void> {
    auto camera = find_camera(store, options.name);
    if (!camera) return tl::unexpected(camera.error());
    if (options.common.json)
      print_json(api::camera_json(*camera, true));
    else
      print_camera(*camera, owner_name(store, *camera));
    return {};
  });
}

int camera_remove(const CameraOptions& options) {
  return with_store(options.common, [&](Store& store) -> Result<void> {
    auto camera = find_camera(store, options.name);
    if (!camera) return tl::unexpected(camera.error());
    if (auto done = store.cameras.remove(auth::default_organization, camera->id); !done) return done;
    reload_server(store.data_dir);
    if (options.common.json)
      print_json(api::camera_json(*camera, true));
    else
      std::cout << "removed " << camera->stream << '\n';
    return {};
  });
}

}  // namespace reallive::app
