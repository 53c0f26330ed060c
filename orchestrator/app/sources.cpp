#include "app/sources.h"

#include "base/log.h"
#include "pipeline/camera_source.h"

namespace reallive::app {

pipeline::AddressRule address_rule(const std::vector<std::string>& networks) {
  std::vector<base::Network> allow;
  for (const std::string& text : networks)
    if (const auto network = base::Network::parse(text)) allow.push_back(*network);
  return pipeline::AddressRule(std::move(allow));
}

void Sources::apply(const catalog::CameraEvent& event) {
  if (event.kind == catalog::CameraEvent::Kind::removed)
    remove(event.camera.id);
  else
    set(event.camera);
}

void Sources::set(const catalog::Camera& camera) {
  auto source = pipeline::parse_camera_source(camera.source.url);
  if (!source)
    base::log::warning("app", "a camera's source cannot be used",
                       {{"camera", camera.stream}, {"reason", source.error().message}});
  if (!source || !camera.is_active) return remove(camera.id);
  source->transport = pipeline::transport_of(camera.source.transport);
  media_.set_source({camera.id, std::move(*source), camera.source.on_demand, camera.source.transcode == "h264"});
  given_.insert(camera.id);
}

void Sources::remove(const std::string& id) {
  if (given_.erase(id) > 0) media_.remove_source(id);
}

}  // namespace reallive::app
