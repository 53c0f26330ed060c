#include "media/rtsp_server.h"

#include <gst/rtsp-server/rtsp-auth.h>
#include <gst/rtsp-server/rtsp-token.h>

namespace reallive::media::test {

namespace {

void protect(GstRTSPServer* server, GstRTSPMediaFactory* factory, const RtspServerOptions& options) {
  GstRTSPAuth* const auth = gst_rtsp_auth_new();
  GstRTSPToken* const token = gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "user", nullptr);
  gchar* const basic = gst_rtsp_auth_make_basic(options.user.c_str(), options.password.c_str());
  gst_rtsp_auth_add_basic(auth, basic, token);
  g_free(basic);
  gst_rtsp_token_unref(token);
  gst_rtsp_server_set_auth(server, auth);
  g_object_unref(auth);
  gst_rtsp_media_factory_add_role(factory, "user", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN, TRUE,
                                  GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE, nullptr);
}

}  // namespace

RtspServer::RtspServer(const RtspServerOptions& options)
    : context_(g_main_context_new()), loop_(g_main_loop_new(context_, FALSE)), server_(gst_rtsp_server_new()) {
  gst_rtsp_server_set_address(server_, "127.0.0.1");
  gst_rtsp_server_set_service(server_, std::to_string(options.port).c_str());
  GstRTSPMediaFactory* const factory = gst_rtsp_media_factory_new();
  gst_rtsp_media_factory_set_launch(factory, options.launch.c_str());
  gst_rtsp_media_factory_set_shared(factory, TRUE);
  if (!options.user.empty()) protect(server_, factory, options);
  GstRTSPMountPoints* const mounts = gst_rtsp_server_get_mount_points(server_);
  gst_rtsp_mount_points_add_factory(mounts, "/camera", factory);
  g_object_unref(mounts);
  source_ = gst_rtsp_server_attach(server_, context_);
  port_ = gst_rtsp_server_get_bound_port(server_);
  thread_ = std::thread([this] { g_main_loop_run(loop_); });
}

RtspServer::~RtspServer() {
  g_main_context_invoke(
      context_,
      [](gpointer data) -> gboolean {
        auto& self = *static_cast<RtspServer*>(data);
        g_source_destroy(g_main_context_find_source_by_id(self.context_, self.source_));
        GList* const clients = gst_rtsp_server_client_filter(
            self.server_, [](GstRTSPServer*, GstRTSPClient*, gpointer) { return GST_RTSP_FILTER_REMOVE; }, nullptr);
        g_list_free_full(clients, g_object_unref);
        g_main_loop_quit(self.loop_);
        return G_SOURCE_REMOVE;
      },
      this);
  thread_.join();
  g_object_unref(server_);
  g_main_loop_unref(loop_);
  g_main_context_unref(context_);
}

std::string RtspServer::url(const std::string& credentials) const {
  return "rtsp://" + credentials + "127.0.0.1:" + std::to_string(port_) + "/camera";
}

}  // namespace reallive::media::test
