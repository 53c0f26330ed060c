// What real cameras bring: codecs, sounds, transports, logins, and the addresses that they may not have.
#include <gst/gst.h>
#include <gst/rtsp/rtsp.h>

#include "base/interfaces.h"
#include "media/fault.h"
#include "media/media_fixture.h"
#include "media/rtsp_server.h"
#include "media/talking_camera.h"

namespace reallive::media::test {
namespace {

class Cameras : public MediaTest {
 protected:
  void add_with(const std::string& stream, const std::string& url, pipeline::CameraSource::Transport transport) {
    auto source = pipeline::parse_camera_source(url);
    ASSERT_TRUE(source);
    source->transport = transport;
    media->set_source({stream, *source, false});
  }
};

const std::string kPicture =
    "videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph264pay name=pay0 pt=96 ";

struct Sound {
  const char* line;
  const char* codec;
};

TEST_F(Cameras, SoundsOfAllKindsAreCarriedAsTheyAre) {
  const std::vector<Sound> sounds = {
      {"avenc_aac ! aacparse ! rtpmp4gpay", "AAC"},
      {"audioresample ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay", "PCMU"},
      {"audioresample ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay", "PCMA"},
      {"opusenc ! rtpopuspay", "opus"},
  };
  std::vector<std::unique_ptr<RtspServer>> servers;
  for (const Sound& sound : sounds) {
    servers.push_back(std::make_unique<RtspServer>(
        RtspServerOptions{.launch = "( " + kPicture + " audiotestsrc is-live=true ! audioconvert ! " + sound.line +
                                    " name=pay1 pt=97 )"}));
    add(sound.codec, servers.back()->url(), false);
  }
  for (const Sound& sound : sounds) {
    EXPECT_TRUE(run_until([&] { return media->status(sound.codec).audio_codec == sound.codec; }))
        << sound.codec << ": " << media->status(sound.codec).audio_codec << " " << media->status(sound.codec).error;
    EXPECT_TRUE(run_until([&] { return media->status(sound.codec).video_codec == "H264"; })) << sound.codec;
  }
}

TEST_F(Cameras, H265IsCarried) {
  const RtspServer server(RtspServerOptions{
      .launch = "( videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 "
                "! x265enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph265pay name=pay0 pt=96 )"});
  add("new", server.url(), false);
  ASSERT_TRUE(wait_state("new", StreamState::online)) << media->status("new").error;
  EXPECT_TRUE(run_until([&] { return media->status("new").video_codec == "H265"; }));
  EXPECT_TRUE(run_until([&] { return media->status("new").width == 160; }));
}

TEST_F(Cameras, UdpIsTakenWhereTcpIsRefused) {
  const RtspServer server(RtspServerOptions{.protocols = GST_RTSP_LOWER_TRANS_UDP});
  add("auto", server.url(), false);
  ASSERT_TRUE(wait_state("auto", StreamState::online)) << media->status("auto").error;
  EXPECT_FALSE(had_error("auto", "transport"));
  add_with("tcp", server.url(), pipeline::CameraSource::Transport::tcp);
  ASSERT_TRUE(wait_state("tcp", StreamState::error));
  EXPECT_NE(media->status("tcp").error.find("transport"), std::string::npos) << media->status("tcp").error;
  add_with("udp", server.url(), pipeline::CameraSource::Transport::udp);
  EXPECT_TRUE(wait_state("udp", StreamState::online)) << media->status("udp").error;
}

TEST_F(Cameras, DigestAndCertificatesOfTheirOwnAreTaken) {
  const RtspServer digest(RtspServerOptions{.user = "admin", .password = "walnut-lantern-58", .digest = true});
  add("digest", digest.url("admin:walnut-lantern-58@"), false);
  add("wrong", digest.url("admin:copper-thistle-31@"), false);
  add("nameless", digest.url(), false);
  const RtspServer tls(RtspServerOptions{.user = "admin", .password = "walnut-lantern-58", .tls = true});
  add("tls", tls.url("admin:walnut-lantern-58@"), false);
  ASSERT_TRUE(wait_state("digest", StreamState::online)) << media->status("digest").error;
  ASSERT_TRUE(wait_state("tls", StreamState::online)) << media->status("tls").error;
  ASSERT_TRUE(wait_state("wrong", StreamState::error));
  EXPECT_NE(media->status("wrong").error.find("password refused"), std::string::npos) << media->status("wrong").error;
  ASSERT_TRUE(wait_state("nameless", StreamState::error));
  EXPECT_NE(media->status("nameless").error.find("password refused"), std::string::npos);
}

TEST_F(Cameras, PicturesThatAreNotCarriedAndMissingOnesAreTold) {
  const TalkingCamera jpeg([](const std::string& request) {
    return answer(request, "200 OK", {"Content-Type: application/sdp"},
                  "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=camera\r\nt=0 0\r\nm=video 0 RTP/AVP 26\r\na=control:track\r\n");
  });
  add("jpeg", jpeg.url(), false);
  const RtspServer sound(RtspServerOptions{.launch = "( audiotestsrc is-live=true ! opusenc ! rtpopuspay name=pay0 )"});
  add("sound", sound.url(), false);
  ASSERT_TRUE(wait_state("jpeg", StreamState::error));
  EXPECT_NE(media->status("jpeg").error.find("JPEG, which is not carried"), std::string::npos)
      << media->status("jpeg").error;
  ASSERT_TRUE(wait_state("sound", StreamState::error));
  EXPECT_NE(media->status("sound").error.find("no video in the description"), std::string::npos)
      << media->status("sound").error;
}

TEST_F(Cameras, TheServersOwnAddressesAreRefused) {
  // What the fixture allows is IPv4's loopback only.
  const std::map<std::string, std::string> urls = {{"six", "rtsp://[::1]:554/camera"},
                                                   {"mapped", "rtsp://[::ffff:169.254.1.1]:554/camera"},
                                                   {"decimal", "rtsp://2852039166:554/latest"},
                                                   {"nothing", "rtsp://0.0.0.0:554/camera"},
                                                   {"group", "rtsp://224.0.0.1/camera"}};
  for (const auto& [stream, url] : urls)
    add(stream, url, false);
  for (const auto& [stream, url] : urls) {
    ASSERT_TRUE(wait_state(stream, StreamState::error)) << stream;
    EXPECT_NE(media->status(stream).error.find("no address for a camera"), std::string::npos)
        << stream << ": " << media->status(stream).error;
  }
}

TEST_F(Cameras, ANameThatLeadsToTheServerIsRefusedByWhereItLeads) {
  open({}, pipeline::AddressRule());
  TalkingCamera camera([](const std::string&) { return std::string(); });
  add("name", "rtsp://localhost:" + std::to_string(camera.port()) + "/camera", false);
  add("number", "rtsp://127.1:" + std::to_string(camera.port()) + "/camera", false);
  for (const char* stream : {"name", "number"}) {
    ASSERT_TRUE(wait_state(stream, StreamState::error)) << stream;
    EXPECT_NE(media->status(stream).error.find("loopback"), std::string::npos) << media->status(stream).error;
  }
  EXPECT_EQ(camera.connections(), 0);
}

TEST_F(Cameras, TheServersInterfacesAreRefused) {
  // What the fixture allows is IPv4's loopback only.
  int tried = 0;
  for (const base::IpAddress& own : base::own_addresses()) {
    if (own.is_loopback() || own.is_link_local()) continue;
    const std::string stream = "own" + std::to_string(++tried), text = own.to_string();
    add(stream, "rtsp://" + (own.is_ipv4() ? text : "[" + text + "]") + ":9/camera", false);
    ASSERT_TRUE(wait_state(stream, StreamState::error)) << text;
    EXPECT_NE(media->status(stream).error.find("an address of this server itself"), std::string::npos)
        << media->status(stream).error;
  }
}

std::string redirect(const std::string& request, const std::string& to) {
  if (request.starts_with("OPTIONS")) return answer(request, "200 OK", {"Public: OPTIONS, DESCRIBE, SETUP, PLAY"});
  return answer(request, "302 Moved", {"Location: " + to});
}

TEST_F(Cameras, ARedirectIsNotFollowed) {
  TalkingCamera other([](const std::string&) { return std::string(); });
  TalkingCamera camera([&](const std::string& request) { return redirect(request, other.url()); });
  add("moved", camera.url(), false);
  ASSERT_TRUE(wait_state("moved", StreamState::error));
  EXPECT_NE(media->status("moved").error.find("redirect"), std::string::npos) << media->status("moved").error;
  EXPECT_EQ(other.connections(), 0);
}

/// A description whose parts point to other places, and a transport that was not asked for.
std::string astray(const std::string& request, int other, const std::string& transport) {
  const std::string elsewhere = "127.0.0.1:" + std::to_string(other);
  if (request.starts_with("OPTIONS")) return answer(request, "200 OK", {"Public: OPTIONS, DESCRIBE, SETUP, PLAY"});
  if (request.starts_with("DESCRIBE")) {
    return answer(request, "200 OK", {"Content-Type: application/sdp", "Content-Base: rtsp://" + elsewhere + "/"},
                  "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=camera\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
                  "a=x-gst-clock:GstNetTimeProvider GstSystemClock " +
                      elsewhere +
                      " 0\r\n"
                      "a=control:rtsp://" +
                      elsewhere +
                      "/all\r\n"
                      "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:rtsp://" +
                      elsewhere + "/track\r\n");
  }
  if (request.starts_with("SETUP")) return answer(request, "200 OK", {"Session: 1", "Transport: " + transport});
  return answer(request, "200 OK", {"Session: 1"});
}

TEST_F(Cameras, ADescriptionThatPointsElsewhereIsNotFollowed) {
  TalkingCamera other([](const std::string&) { return std::string(); });
  const UdpPort ear;
  std::string transport = "RTP/AVP;unicast;client_port=5000-5001;server_port=" + std::to_string(ear.port()) + "-" +
                          std::to_string(ear.port()) + ";source=127.0.0.1";
  TalkingCamera camera([&](const std::string& request) { return astray(request, other.port(), transport); });
  add("astray", camera.url(), false);
  ASSERT_TRUE(wait_state("astray", StreamState::error));
  EXPECT_EQ(other.connections(), 0);
  EXPECT_GE(camera.requests("SETUP"), 1);
  EXPECT_EQ(ear.received(), 0) << "datagrams went where the camera said, by a transport that was not asked for";
}

TEST_F(Cameras, DatagramsGoToTheCameraAlone) {
  // 127.0.0.9 stands for some other host that the camera names as the sender.
  const UdpPort ear("127.0.0.9");
  TalkingCamera camera([&](const std::string& request) {
    const size_t asked = request.find("client_port=");
    const std::string ports =
        asked == std::string::npos ? "" : request.substr(asked, request.find("\r", asked) - asked);
    return astray(request, 9,
                  "RTP/AVP;unicast;" + ports + ";server_port=" + std::to_string(ear.port()) + "-" +
                      std::to_string(ear.port()) + ";source=127.0.0.9");
  });
  const UdpPort at_camera("127.0.0.1", ear.port());
  add_with("pinned", camera.url(), pipeline::CameraSource::Transport::udp);
  ASSERT_TRUE(run_until([&] { return camera.requests("PLAY") > 0; }));
  ASSERT_TRUE(run_until([&] { return at_camera.received() > 0; })) << "what opens the way through a NAT did not come";
  EXPECT_EQ(ear.received(), 0);
}

}  // namespace
}  // namespace reallive::media::test
