// load-sink: one stamped stream through a reallivertcsink and nothing else, for measuring the element by itself.
//
//   load-sink [--kbps 2500] [--key-seconds 2]
//
// Answers POSTed offers on a loopback port, which it prints, until it is killed.
#include <gst/gst.h>

#include "load/arguments.h"
#include "load/figures.h"
#include "load/offer_server.h"
#include "load/sink_pipeline.h"

using namespace reallive;
using namespace reallive::load;

int main(int count, char** values) {
  gst_init(nullptr, nullptr);
  Arguments arguments(count, values);
  auto clip = Clip::make(static_cast<int>(arguments.number("--key-seconds", 2)),
                         static_cast<int>(arguments.number("--kbps", 2500)));
  if (!clip) {
    Line().add("failure", clip.error().message).print();
    return 1;
  }
  SinkPipeline pipeline(*clip);
  serve_offers([&](const std::string& offer) {
    std::string viewer;
    return pipeline.add_viewer(offer, viewer).value_or("");
  });
}
