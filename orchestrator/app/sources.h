// Sources: keeps media's sources equal to the catalog's cameras. Knows which sources it gave to media, nothing more.
// Main loop's thread. It never touches a source whose camera did not change.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "catalog/cameras.h"
#include "media/media.h"
#include "pipeline/address_rule.h"

namespace reallive::app {

/// The rule for camera addresses, of the setting `sources.allow` (networks that configuration has checked).
pipeline::AddressRule address_rule(const std::vector<std::string>& networks);

class Sources {
 public:
  explicit Sources(media::Media& media) : media_(media) {}

  /// A camera that is switched off, or whose source cannot be read, has no source.
  void apply(const catalog::CameraEvent& event);

 private:
  void set(const catalog::Camera& camera);
  void remove(const std::string& id);

  media::Media& media_;
  std::set<std::string> given_;  // ids of cameras
};

}  // namespace reallive::app
