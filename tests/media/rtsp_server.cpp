#include "media/rtsp_server.h"

#include <gst/rtsp-server/rtsp-auth.h>
#include <gst/rtsp-server/rtsp-token.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "support/record.h"

namespace reallive::media::test {

namespace {

void protect(GstRTSPAuth* auth, GstRTSPMediaFactory* factory, const RtspServerOptions& options) {
  if (options.user.empty()) {
    // An auth is there for its certificate only: whoever comes may look.
    GstRTSPToken* const anybody = gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "user", nullptr);
    gst_rtsp_auth_set_default_token(auth, anybody);
    gst_rtsp_token_unref(anybody);
  } else {
    GstRTSPToken* const token = gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "user", nullptr);
    if (options.digest) {
      gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_DIGEST);
      gst_rtsp_auth_add_digest(auth, options.user.c_str(), options.password.c_str(), token);
    } else {
      gchar* const basic = gst_rtsp_auth_make_basic(options.user.c_str(), options.password.c_str());
      gst_rtsp_auth_add_basic(auth, basic, token);
      g_free(basic);
    }
    gst_rtsp_token_unref(token);
  }
  gst_rtsp_media_factory_add_role(factory, "user", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN, TRUE,
                                  GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE, nullptr);
}

/// A key and a certificate of its own, made anew for each server.
GTlsCertificate* make_certificate() {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* const name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("camera"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_sign(certificate, key, EVP_sha256());
  BIO* const text = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(text, key, nullptr, nullptr, 0, nullptr, nullptr);
  PEM_write_bio_X509(text, certificate);
  char* pem = nullptr;
  const long size = BIO_get_mem_data(text, &pem);
  GTlsCertificate* const made = g_tls_certificate_new_from_pem(pem, size, nullptr);
  BIO_free(text);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return made;
}

void report_making(GstRTSPMediaFactory* factory) {
  const auto prepared = +[](GstRTSPMedia* media, gpointer) {
    GstElement* const made = gst_rtsp_media_get_element(media);
    GstObject* const pipeline = gst_object_get_parent(GST_OBJECT(made));
    GstIterator* const all = gst_bin_iterate_all_by_element_factory_name(GST_BIN(pipeline), "rtpbin");
    GValue item = G_VALUE_INIT;
    if (gst_iterator_next(all, &item) == GST_ITERATOR_OK)
      g_object_set(g_value_get_object(&item), "rtcp-sync-send-time", FALSE, nullptr);
    g_value_unset(&item);
    gst_iterator_free(all);
    gst_object_unref(pipeline);
    gst_object_unref(made);
  };
  const auto configure = +[](GstRTSPMediaFactory*, GstRTSPMedia* media, gpointer call) {
    g_signal_connect(media, "prepared", reinterpret_cast<GCallback>(call), nullptr);
  };
  g_signal_connect(factory, "media-configure", G_CALLBACK(configure), reinterpret_cast<gpointer>(prepared));
}

}  // namespace

RtspServer::RtspServer(const RtspServerOptions& options)
    : context_(g_main_context_new()),
      loop_(g_main_loop_new(context_, FALSE)),
      server_(gst_rtsp_server_new()),
      tls_(options.tls) {
  // Clients live on this server's own thread: closing them from it does not race with their reading.
  GstRTSPThreadPool* const pool = gst_rtsp_server_get_thread_pool(server_);
  gst_rtsp_thread_pool_set_max_threads(pool, 0);
  g_object_unref(pool);
  gst_rtsp_server_set_address(server_, "127.0.0.1");
  gst_rtsp_server_set_service(server_, std::to_string(options.port).c_str());
  GstRTSPMediaFactory* const factory = gst_rtsp_media_factory_new();
  gst_rtsp_media_factory_set_launch(factory, options.launch.c_str());
  gst_rtsp_media_factory_set_shared(factory, TRUE);
  gst_rtsp_media_factory_set_protocols(factory, options.protocols);
  if (options.reports_making) report_making(factory);
  if (tls_ || !options.user.empty()) {
    GstRTSPAuth* const auth = gst_rtsp_auth_new();
    protect(auth, factory, options);
    if (tls_) {
      GTlsCertificate* const certificate = make_certificate();
      gst_rtsp_auth_set_tls_certificate(auth, certificate);
      g_object_unref(certificate);
    }
    gst_rtsp_server_set_auth(server_, auth);
    g_object_unref(auth);
  }
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

void RtspServer::hang_up() {
  g_main_context_invoke(
      context_,
      [](gpointer data) -> gboolean {
        GList* const clients = gst_rtsp_server_client_filter(
            static_cast<RtspServer*>(data)->server_,
            [](GstRTSPServer*, GstRTSPClient*, gpointer) { return GST_RTSP_FILTER_REMOVE; }, nullptr);
        g_list_free_full(clients, g_object_unref);
        return G_SOURCE_REMOVE;
      },
      this);
}

std::string RtspServer::url(const std::string& credentials) const {
  const std::string url =
      (tls_ ? "rtsps://" : "rtsp://") + credentials + "127.0.0.1:" + std::to_string(port_) + "/camera";
  reallive::test::record(reallive::test::Record::said, url);
  return url;
}

}  // namespace reallive::media::test
