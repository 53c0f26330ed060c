#include "signaling/message.h"

#include <algorithm>

namespace reallive::signaling {
namespace {

using base::invalid;
using base::Result;

constexpr size_t longest_name = 128, longest_mid = 64, longest_token = 8192;

bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// An absent or null member is empty.
Result<std::string> text_of(const base::Json& json, const char* name, size_t longest) {
  const base::Json value = json.get(name);
  if (value.is_null()) return std::string();
  auto text = value.as_string();
  if (!text) return invalid(name, std::string(name) + " must be a text.");
  if (text->size() > longest)
    return invalid(name, std::string(name) + " may have at most " + std::to_string(longest) + " bytes.");
  return *std::move(text);
}

Result<std::string> plain_text_of(const base::Json& json, const char* name, size_t longest) {
  auto text = text_of(json, name, longest);
  if (text && !is_plain(*text)) return invalid(name, std::string(name) + " has a control character in it.");
  return text;
}

Result<ClientMessage> read_join(const base::Json& json) {
  Join join;
  const auto room = plain_text_of(json, "room", longest_name);
  if (!room) return tl::unexpected(room.error());
  if (room->empty()) return invalid("room", "room must name a stream.");
  join.room = *room;
  const auto role = json.get_string("role");
  if (role != "viewer" && role != "publisher") return invalid("role", "role must be viewer or publisher.");
  join.role = role == "viewer" ? Role::viewer : Role::publisher;
  if (json.has("mode")) {
    const auto mode = json.get_string("mode");
    if (mode != "server" && mode != "peer") return invalid("mode", "mode must be server or peer.");
    join.mode = mode == "server" ? Mode::server : Mode::peer;
  }
  const auto token = text_of(json, "token", longest_token);
  if (!token) return tl::unexpected(token.error());
  join.token = *token;
  return join;
}

Result<ClientMessage> read_description(const base::Json& json, bool is_answer, size_t max_bytes) {
  Description description;
  description.is_answer = is_answer;
  const auto sdp = text_of(json, "sdp", max_bytes);
  if (!sdp) return tl::unexpected(sdp.error());
  if (sdp->rfind("v=0", 0) != 0) return invalid("sdp", "sdp must be a session description.");
  const auto to = plain_text_of(json, "to", longest_name);
  if (!to) return tl::unexpected(to.error());
  description.sdp = *sdp;
  description.to = *to;
  return description;
}

Result<ClientMessage> read_candidate(const base::Json& json) {
  Candidate candidate;
  // As SHAPES of old scripts have it, or as RTCIceCandidate.toJSON() makes it, one level deeper.
  const base::Json inner = json.get("candidate").is_object() ? json.get("candidate") : json;
  const auto text = plain_text_of(inner, "candidate", longest_candidate);
  if (!text) return tl::unexpected(text.error());
  candidate.candidate = text->rfind("a=", 0) == 0 ? text->substr(2) : *text;
  if (!candidate.candidate.empty() && candidate.candidate.rfind("candidate:", 0) != 0)
    return invalid("candidate", "candidate must begin with \"candidate:\".");
  const auto mid = plain_text_of(inner, "sdpMid", longest_mid);
  if (!mid) return tl::unexpected(mid.error());
  candidate.mid = *mid;
  const auto to = plain_text_of(json, "to", longest_name);
  if (!to) return tl::unexpected(to.error());
  candidate.to = *to;
  return candidate;
}

}  // namespace

Result<ClientMessage> parse_client_message(std::string_view text, size_t max_sdp_bytes) {
  const auto json = base::Json::parse(text, {.bytes = 256 * 1024, .depth = 4});
  if (!json) return invalid("", "The message is not JSON: " + json.error().message);
  if (!json->is_object()) return invalid("", "A message is a JSON object.");
  const std::string type = json->get_string("type").value_or("");
  if (type == "join-room") return read_join(*json);
  if (type == "offer" || type == "answer") return read_description(*json, type == "answer", max_sdp_bytes);
  if (type == "ice-candidate") return read_candidate(*json);
  if (type == "leave") return Leave();
  return invalid("type", "type must be join-room, offer, answer, ice-candidate or leave.");
}

base::Json error_message(const base::Error& error) {
  auto json = base::Json::object({{"type", "error"}, {"code", error.code}, {"message", error.message}});
  if (!error.field.empty()) json.set("field", error.field);
  return json;
}

}  // namespace reallive::signaling
