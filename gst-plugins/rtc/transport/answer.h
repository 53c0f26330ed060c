// What the answers of viewers and publishers have in common: transport, bundle, extension and feedback names.
// Pure functions over the SDP model; any thread. They never choose a codec and never open a session.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "rtc/transport/session.h"
#include "rtc/wire/sdp.h"

namespace reallive::rtc {

class Endpoint;

namespace extension_uri {
inline constexpr std::string_view kMid = "urn:ietf:params:rtp-hdrext:sdes:mid";
inline constexpr std::string_view kAbsCaptureTime = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";
inline constexpr std::string_view kPlayoutDelay = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
inline constexpr std::string_view kTransportCc =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
}  // namespace extension_uri

/// Credentials and fingerprints of the offer's first usable m-line. Error code "bad-offer" when something is missing,
/// when the offer is not bundled though it has several usable lines, or when it leaves us no passive DTLS role.
Result<RemoteTransport> remote_transport_of(const sdp::Session& offer);

/// An answer without media: origin, ICE-lite, msid semantics as offered.
sdp::Session begin_answer(const sdp::Session& offer);

/// A line that is answered: port 9, mid, protocol, rtcp-mux, rtcp-rsize as offered; no codecs yet.
sdp::Media accepted_copy(const sdp::Media& offered, sdp::Direction direction);

/// Adds the bundle of the accepted lines and our side of the transport: credentials, fingerprint, setup:passive,
/// candidates and their end.
void finish_answer(sdp::Session& answer, const IceCredentials& local, const sdp::Fingerprint& fingerprint,
                   const std::vector<sdp::Candidate>& candidates);

/// The fragment that answers an ICE restart (RFC 8840 section 9).
std::string restart_answer(const IceCredentials& local, const std::vector<sdp::Candidate>& candidates);

}  // namespace reallive::rtc
