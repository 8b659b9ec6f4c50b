// SPDX-License-Identifier: Apache-2.0
// The text of a kubeconfig with one context.
#pragma once

#include <string>

namespace sp::test {

// `ca_file` stands beside the kubeconfig; `user` is "user: {...}".
inline std::string kubeconfig_text(const std::string& url, const std::string& ca_file, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: test\nclusters:\n- name: test\n  cluster: {server: \"" + url +
         "\", certificate-authority: " + ca_file + "}\nusers:\n- name: agent\n  " + user +
         "\ncontexts:\n- name: test\n  context: {cluster: test, user: agent}\n";
}

}  // namespace sp::test
