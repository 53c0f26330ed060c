#include "api/camera_json.h"

#include <cstdint>
#include <cstdio>

#include "api/json_input.h"
#include "api/json_output.h"
#include "pipeline/camera_source.h"

namespace reallive::api {
namespace {

constexpr const char* kMasked = "***";

std::string shown_source(const std::string& url) {
  const auto source = pipeline::parse_camera_source(url);
  return source ? pipeline::describe(*source) : kMasked;
}

}  // namespace

base::Json camera_json(const catalog::Camera& camera, bool with_secrets) {
  auto json = base::Json::object({
      {"id", camera.id},
      {"name", camera.name},
      {"stream", camera.stream},
      {"company", text_or_null(camera.company)},
      {"model", text_or_null(camera.model)},
      {"serialNumber", text_or_null(camera.serial_number)},
      {"location", text_or_null(camera.location)},
      {"place", text_or_null(camera.place)},
      {"resolution", camera.resolution},
      {"source", base::Json::object({{"url", shown_source(camera.source.url)},
                                     {"transport", camera.source.transport},
                                     {"onDemand", camera.source.on_demand},
                                     {"transcode", camera.source.transcode}})},
      {"isActive", camera.is_active},
      {"isRecording", camera.is_recording},
      {"isPublic", camera.is_public},
      {"streamStatus", camera.stream_status},
      {"status", camera.status},
      {"assignedNode", text_or_null(camera.assigned_node)},
  });
  if (with_secrets) {
    json.set("streamKey", camera.stream_key);
    json.set("rtmpUrl", nullptr);
  }
  json.set("ownerId", text_or_null(camera.owner_id));
  json.set("organizationId", camera.organization_id);
  json.set("createdAt", camera.created_at);
  json.set("updatedAt", camera.updated_at);
  return json;
}

base::Json public_camera_json(const catalog::Camera& camera) {
  return base::Json::object({{"id", camera.id},
                             {"name", camera.name},
                             {"stream", camera.stream},
                             {"isActive", camera.is_active},
                             {"isPublic", camera.is_public},
                             {"streamStatus", camera.stream_status},
                             {"status", camera.status}});
}

base::Result<catalog::CameraFields> read_camera_fields(const http::Request& request, const catalog::Camera* existing) {
  auto input = JsonInput::parse(request);
  if (!input) return tl::unexpected(input.error());
  catalog::CameraFields fields;
  fields.name = input->text("name");
  fields.stream = input->text("stream");
  fields.company = input->text("company");
  fields.model = input->text("model");
  fields.serial_number = input->text("serialNumber");
  fields.location = input->text("location");
  fields.place = input->text("place");
  fields.resolution = input->text("resolution");
  fields.is_active = input->boolean("isActive");
  fields.is_public = input->boolean("isPublic");
  fields.owner_id = input->text("ownerId");
  if (auto source = input->object("source")) {
    fields.source_url = source->text("url");
    fields.source_transport = source->text("transport");
    fields.source_on_demand = source->boolean("onDemand");
    fields.source_transcode = source->text("transcode");
    input->check(source->finish());
  }
  // A client may send back what it was given.
  const base::Json now = existing ? camera_json(*existing, true) : base::Json();
  for (const char* name : {"id", "isRecording", "streamKey", "rtmpUrl", "organizationId", "createdAt", "updatedAt"})
    input->read_only(name, now.get(name), existing != nullptr);
  // These change by themselves: what was read a moment ago may differ by now, so they are passed over.
  for (const char* name : {"streamStatus", "status", "assignedNode"}) {
    if (!existing || !input->has(name)) input->read_only(name, base::Json(), false);
  }

  if (fields.source_url && existing && *fields.source_url == shown_source(existing->source.url)) {
    fields.source_url.reset();
  }
  if (fields.source_url) {
    if (auto source = pipeline::parse_camera_source(*fields.source_url); !source) {
      input->check(tl::unexpected(source.error()));
    } else if (source->user == kMasked || source->password == kMasked || source->fragment == kMasked ||
               fields.source_url->find(std::string("=") + kMasked) != std::string::npos) {
      input->check(base::invalid("source.url", "*** stands for what is not shown: write user and password again"));
    }
  }
  if (auto finished = input->finish(); !finished) return tl::unexpected(finished.error());
  return fields;
}

std::string camera_etag(const catalog::Camera& camera) {
  catalog::Camera wanted = camera;
  wanted.stream_status = wanted.status = wanted.assigned_node = {};
  const std::string text = camera_json(wanted, true).dump() + '\n' + camera.source.url;
  uint64_t hash = 14695981039346656037u;  // FNV-1a: tells versions apart, keeps no secret
  for (const char c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
  char tag[20];
  snprintf(tag, sizeof tag, "\"%016llx\"", static_cast<unsigned long long>(hash));
  return tag;
}

}  // namespace reallive::api
