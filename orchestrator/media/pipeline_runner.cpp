#include "media/pipeline_runner.h"

#include <atomic>
#include <map>
#include <vector>

#include "base/log.h"
#include "common/guard.h"

namespace reallive::media {

namespace {

std::atomic<int> stopping_count{0};

/// A channel whose former writers are being stopped. On the main loop's thread only.
struct Vacating {
  int writers = 0;
  std::vector<std::function<void()>> waiting = {};
};

std::map<std::string, Vacating>& vacating() {
  static std::map<std::string, Vacating> channels;
  return channels;
}

void vacated(const std::string& channel) {
  const auto found = vacating().find(channel);
  if (found == vacating().end() || --found->second.writers > 0) return;
  const auto waiting = std::move(found->second.waiting);
  vacating().erase(found);
  for (const auto& start : waiting)
    start();
}

}  // namespace

PipelineRunner::PipelineRunner(Ref<GstElement> pipeline, std::string place, std::string writes_to,
                               FaultHandler on_fault)
    : pipeline_(std::move(pipeline)),
      place_(std::move(place)),
      writes_to_(std::move(writes_to)),
      on_fault_(std::move(on_fault)) {
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline_.get()));
  watch_ = gst_bus_add_watch(bus.get(), &PipelineRunner::on_message, this);
}

PipelineRunner::~PipelineRunner() {
  if (watch_ != 0) g_source_remove(watch_);
  stop(pipeline_, writes_to_);
}

void PipelineRunner::stop(const Ref<GstElement>& element, const std::string& writes_to) {
  stopping_count.fetch_add(1);
  if (!writes_to.empty()) ++vacating()[writes_to].writers;
  gst_element_call_async(
      element.get(), [](GstElement* stopped, gpointer) { gst_element_set_state(stopped, GST_STATE_NULL); },
      new std::string(writes_to),
      [](gpointer data) {
        g_idle_add_full(
            G_PRIORITY_DEFAULT,
            [](gpointer channel) -> gboolean {
              guard([&] { vacated(*static_cast<std::string*>(channel)); });
              return G_SOURCE_REMOVE;
            },
            data, [](gpointer channel) { delete static_cast<std::string*>(channel); });
        stopping_count.fetch_sub(1);
      });
}

void PipelineRunner::start(std::function<void()> started) {
  const auto begin = [this, started = std::move(started)] {
    gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING);
    if (started) started();
  };
  const auto former = vacating().find(writes_to_);
  if (former == vacating().end()) return begin();
  former->second.waiting.push_back([post = mailbox_.poster(), begin] { post(begin); });
}

Ref<GstElement> PipelineRunner::find(const char* name) const {
  return Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), name));
}

int PipelineRunner::stopping() {
  return stopping_count.load();
}

gboolean PipelineRunner::on_message(GstBus*, GstMessage* message, gpointer data) {
  auto* self = static_cast<PipelineRunner*>(data);
  guard([&] {
    switch (GST_MESSAGE_TYPE(message)) {
      case GST_MESSAGE_ERROR:
        self->report(read_fault(message, self->place_));
        break;
      case GST_MESSAGE_EOS:
        self->report(
            {"ended", self->place_.empty() ? "the stream ended" : "the stream from " + self->place_ + " ended"});
        break;
      case GST_MESSAGE_LATENCY:
        gst_bin_recalculate_latency(GST_BIN(self->pipeline_.get()));
        break;
      default:
        break;
    }
  });
  return G_SOURCE_CONTINUE;
}

void PipelineRunner::report(const PipelineFault& fault) {
  if (!on_fault_) return;
  const FaultHandler handler = std::move(on_fault_);
  on_fault_ = nullptr;
  handler(fault);  // may destroy this runner: nothing of it is touched afterwards
}

}  // namespace reallive::media
