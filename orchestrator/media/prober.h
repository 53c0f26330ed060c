// Prober: how many probes run at once in a server: a bounded number, of which the cameras that did not answer last time
// may hold only a part, so that dead cameras never hold up live ones. Main loop's thread.
// It never repeats a probe: when to ask again is its caller's decision.
#pragma once

#include <functional>
#include <list>
#include <memory>

#include "media/rtsp_probe.h"

namespace reallive::media {

class Prober {
 public:
  struct Limits {
    size_t at_once = 32;
    size_t suspects = 24;  ///< of those
  };

  explicit Prober(pipeline::AddressRule rule) : Prober(std::move(rule), Limits()) {}
  Prober(pipeline::AddressRule rule, Limits limits) : rule_(std::move(rule)), limits_(limits) {}
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  /// For probes that begin from now on.
  void set_rule(pipeline::AddressRule rule) { rule_ = std::move(rule); }

  /// A probe that waits for its turn or runs; going out of scope ends it. It must not outlive its Prober.
  class Ticket {
   public:
    ~Ticket();
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

   private:
    friend class Prober;
    Ticket(Prober& prober, const pipeline::CameraSource& source, bool suspect, RtspProbe::Done done);
    void finish(const PipelineFault* fault);

    Prober& prober_;
    const pipeline::CameraSource source_;
    const bool suspect_;
    RtspProbe::Done done_;
    std::unique_ptr<RtspProbe> probe_;
  };

  /// `suspect`: it did not answer last time. `done` comes later, and may end its ticket.
  std::unique_ptr<Ticket> ask(const pipeline::CameraSource& source, bool suspect, RtspProbe::Done done);
  size_t running() const { return running_; }

 private:
  void leave(Ticket& ticket);
  void fill();

  pipeline::AddressRule rule_;
  const Limits limits_;
  std::list<Ticket*> waiting_;
  size_t running_ = 0, suspects_ = 0;
};

}  // namespace reallive::media
