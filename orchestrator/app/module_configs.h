// ModuleConfigs: what each module is told of the settings. Pure functions of the configuration.
// Two configurations that give a module the same value do not touch it.
#pragma once

#include "api/api.h"
#include "app/certificates.h"
#include "app/configuration.h"
#include "auth/authenticator.h"
#include "http/server.h"
#include "media/media.h"

namespace reallive::app {

http::Config http_config(const Configuration& configuration);
CertificateConfig certificate_config(const Configuration& configuration);
auth::Config auth_config(const Configuration& configuration);
media::Config media_config(const Configuration& configuration);
api::Config api_config(const Configuration& configuration, const std::string& setup_token);

}  // namespace reallive::app
