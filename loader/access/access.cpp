// SPDX-License-Identifier: Apache-2.0
// Which way in there is.
#include "loader/access/access.h"

#include <system_error>
#include <utility>

#include "loader/access/in_cluster.h"
#include "loader/access/kubeconfig.h"
#include "loader/access/kubeconfig_access.h"
#include "loader/access/text_file.h"

namespace sp::access {
namespace {

Result<std::unique_ptr<Access>> open_from_kubeconfig(EventLoop& loop, const Options& options) {
  auto path = std::filesystem::absolute(options.kubeconfig);
  auto text = read_text_file(path);
  if (!text) {
    return Error{text.error().err, "kubeconfig " + text.error().what};
  }
  SP_TRY_ASSIGN(config, parse_kubeconfig(*text, path));
  if (!options.master.empty()) {
    config.cluster.server = options.master;
  }
  std::string name = "kubeconfig " + path.string() + ", context " + config.context;
  return open_kubeconfig(loop, std::move(config), std::move(name));
}

}  // namespace

Result<std::unique_ptr<Access>> Access::open(EventLoop& loop, const Options& options) {
  if (!options.kubeconfig.empty()) {
    return open_from_kubeconfig(loop, options);
  }
  const std::filesystem::path dir =
      options.service_account_dir.empty() ? kServiceAccountDir : options.service_account_dir;
  auto url = in_cluster_url();
  std::error_code error;
  if (!options.master.empty() && (url || std::filesystem::exists(dir / "token", error))) {
    url = options.master;
  }
  if (url) {
    return open_in_cluster(std::move(*url), dir);
  }
  if (!options.master.empty()) {
    return open_kubeconfig(loop, {.cluster = {.name = "--master", .server = options.master}}, "--master");
  }
  return Error{0,
               "no way to the API server: give --kubeconfig FILE, or run as a Pod with a service account and "
               "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT set to a real address of the API server"};
}

}  // namespace sp::access
