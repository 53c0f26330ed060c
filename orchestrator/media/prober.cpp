#include "media/prober.h"

#include <utility>

namespace reallive::media {

Prober::Ticket::Ticket(Prober& prober, const pipeline::CameraSource& source, bool suspect, RtspProbe::Done done)
    : prober_(prober), source_(source), suspect_(suspect), done_(std::move(done)) {}

Prober::Ticket::~Ticket() {
  prober_.leave(*this);
}

void Prober::Ticket::finish(const PipelineFault* fault) {
  const RtspProbe::Done done = std::exchange(done_, nullptr);
  prober_.leave(*this);
  done(fault);  // may end this
}

std::unique_ptr<Prober::Ticket> Prober::ask(const pipeline::CameraSource& source, bool suspect, RtspProbe::Done done) {
  auto ticket = std::unique_ptr<Ticket>(new Ticket(*this, source, suspect, std::move(done)));
  waiting_.push_back(ticket.get());
  fill();
  return ticket;
}

void Prober::leave(Ticket& ticket) {
  waiting_.remove(&ticket);
  if (!ticket.probe_) return;
  --running_;
  if (ticket.suspect_) --suspects_;
  ticket.probe_.reset();
  fill();
}

void Prober::fill() {
  for (auto next = waiting_.begin(); next != waiting_.end() && running_ < limits_.at_once;) {
    Ticket& ticket = **next;
    if (ticket.suspect_ && suspects_ >= limits_.suspects) {
      ++next;
      continue;
    }
    next = waiting_.erase(next);
    ++running_;
    if (ticket.suspect_) ++suspects_;
    ticket.probe_ = std::make_unique<RtspProbe>(ticket.source_, rule_,
                                                [&ticket](const PipelineFault* fault) { ticket.finish(fault); });
  }
}

}  // namespace reallive::media
