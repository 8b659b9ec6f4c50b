// SPDX-License-Identifier: Apache-2.0
// What a kube-proxy leaves, made with the real tools in a namespace of its own, and what is there afterwards. Needs
// root.
#include "loader/takeover/takeover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/harness/sandbox.h"

namespace sp::takeover {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using testing::UnorderedElementsAre;

namespace fs = std::filesystem;

// Dumps without comments and counters, which differ from run to run.
std::string saved(const test::Sandbox& sandbox, const std::string& tool) {
  return sandbox.output(tool + "-save | grep -v '^#' | sed 's/\\[[0-9:]*\\]//'");
}

class Takeover : public testing::Test {
 protected:
  static void SetUpTestSuite() { sandbox = std::make_unique<test::Sandbox>(); }
  static void TearDownTestSuite() { sandbox.reset(); }

  // Rules that are not kube-proxy's, in the chains that it uses, too.
  void add_others(const std::string& tool) const {
    sandbox->run(tool + "-restore <<'END'\n" + R"(*nat
:ours - [0:0]
-A PREROUTING -p tcp -m comment --comment "keep \"me\"" -m tcp --dport 2222 -j REDIRECT --to-ports 22
-A ours -j RETURN
COMMIT
*filter
:FORWARD ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
-A INPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -m mark --mark 0x8000/0x8000 -j DROP
COMMIT
)" + "END");
  }

  void add_leftovers(const std::string& tool, int services) const {
    std::string text = R"(*nat
:KUBE-SERVICES - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
-I PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MASQUERADE --random-fully
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
)";
    for (int i = 0; i < services; ++i) {
      const std::string number = std::to_string(10000 + i);
      text += ":KUBE-SVC-" + number + " - [0:0]\n-A KUBE-NODEPORTS -p tcp -m tcp --dport " + number + " -j KUBE-SVC-" +
              number + "\n-A KUBE-SVC-" + number + " -j KUBE-MARK-MASQ\n";
    }
    text += R"(COMMIT
*filter
:KUBE-FORWARD - [0:0]
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
COMMIT
*mangle
:KUBE-PROXY-CANARY - [0:0]
COMMIT
)";
    const std::string file = sandbox_file("rules");
    std::ofstream(file) << text;
    sandbox->run(tool + "-restore --noflush < " + file);
  }

  static std::string sandbox_file(const std::string& name) {
    return (fs::path(testing::TempDir()) / ("sp-takeover-" + std::to_string(::getpid()) + "-" + name)).string();
  }

  static std::unique_ptr<test::Sandbox> sandbox;
};

std::unique_ptr<test::Sandbox> Takeover::sandbox;

class TakeoverRules : public Takeover, public testing::WithParamInterface<const char*> {};

TEST_P(TakeoverRules, R111_RemovesRulesAndLeavesOthersByteIdentical) {
  const std::string tool = GetParam();
  add_others(tool);
  // mangle exists before, so that the dumps have the same tables.
  sandbox->run(tool + " -t mangle -L -n >/dev/null && " + tool + " -t mangle -N ours");
  const std::string before = saved(*sandbox, tool);
  add_leftovers(tool, 300);
  const Found found = find({});
  EXPECT_TRUE(found.translates);
  EXPECT_THAT(found.leftovers,
              UnorderedElementsAre(tool + " nat: 304 chains, 3 jumps", tool + " filter: 1 chains, 1 jumps",
                                   tool + " mangle: 1 chains, 0 jumps"))
      << testing::PrintToString(found.advice);
  const Report report = remove({});
  EXPECT_THAT(report.errors, IsEmpty());
  EXPECT_EQ(report.removed, found.leftovers);
  EXPECT_THAT(saved(*sandbox, tool), HasSubstr("-A SALLYPORT-TAKEOVER")) << "for connections that live on";
  EXPECT_THAT(remove({}, {.keep_connections = false}).removed, ElementsAre(tool + " nat: 1 chains, 0 jumps"));
  EXPECT_EQ(saved(*sandbox, tool), before);
  EXPECT_THAT(find({}).leftovers, IsEmpty());
  EXPECT_THAT(remove({}).removed, IsEmpty());
  sandbox->run(tool + " -t mangle -X ours; " + tool + " -t nat -F; " + tool + " -t nat -X ours; " + tool + " -F; " +
               tool + " -X");
}

INSTANTIATE_TEST_SUITE_P(Tools, TakeoverRules,
                         testing::Values("iptables-nft", "iptables-legacy", "ip6tables-nft", "ip6tables-legacy"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           name.erase(name.find('-'), 1);
                           return name;
                         });

TEST_F(Takeover, R111_RemovesTheTablesOfTheNftablesModeAlone) {
  sandbox->run(
      "nft add table ip kube-proxy; nft add table ip6 kube-proxy; nft add table inet ours; "
      "nft add table inet kube-proxy");
  const Found found = find({});
  EXPECT_TRUE(found.translates);
  EXPECT_THAT(found.leftovers, ElementsAre("nftables table ip kube-proxy", "nftables table ip6 kube-proxy"));
  EXPECT_THAT(remove({}).errors, IsEmpty());
  EXPECT_THAT(find({}).leftovers, IsEmpty());
  EXPECT_EQ(sandbox->output("nft list tables"),
            "table inet ours\ntable inet kube-proxy\ntable ip SALLYPORT-TAKEOVER\ntable ip6 SALLYPORT-TAKEOVER\n");
  EXPECT_THAT(remove({}).removed, IsEmpty());
  EXPECT_THAT(remove({}, {.keep_connections = false}).removed,
              ElementsAre("nftables table ip SALLYPORT-TAKEOVER", "nftables table ip6 SALLYPORT-TAKEOVER"));
  EXPECT_EQ(sandbox->output("nft list tables"), "table inet ours\ntable inet kube-proxy\n");
  sandbox->run("nft delete table inet ours; nft delete table inet kube-proxy");
}

// A stand-in for kernels without IPVS: the tools are scripts that note what they are told.
TEST_F(Takeover, R111_RemovesTheThreeThingsOfTheIpvsMode) {
  const fs::path folder = sandbox_file("tools");
  fs::create_directories(folder / "proc/net");
  fs::create_directories(folder / "modules/ip_set");
  std::ofstream(folder / "proc/net/ip_vs") << "IP Virtual Server version 1.2.1\n";
  const auto script = [&folder](const std::string& name, const std::string& text) {
    std::ofstream(folder / name) << "#!/bin/sh\n" << text;
    fs::permissions(folder / name, fs::perms::owner_all);
  };
  script("ipset", "[ $1 = save ] && echo 'create KUBE-LOOP-BACK hash:ip' || cat >>" + (folder / "told").string());
  script("ipvsadm",
         "[ $1 = --save ] && printf -- '-A -t 10.96.0.1:443 -s rr\\n-A -t 203.0.113.9:80 -s rr\\n' || cat >>" +
             (folder / "told").string());
  sandbox->run("ip link add kube-ipvs0 type bridge && ip addr add 10.96.0.1/32 dev kube-ipvs0");
  const Tools tools{.folders = {folder}, .proc = folder / "proc", .modules = folder / "modules"};
  const Report report = remove(tools);
  EXPECT_THAT(report.errors, IsEmpty());
  EXPECT_THAT(report.removed, ElementsAre("ipvs: 1 virtual servers", "ipset: 1 sets", "device kube-ipvs0"));
  EXPECT_EQ(sandbox->output("cat " + (folder / "told").string()), "-D -t 10.96.0.1:443\ndestroy KUBE-LOOP-BACK\n");
  EXPECT_THAT(sandbox->output("ip link"), Not(HasSubstr("kube-ipvs0")));
  fs::remove_all(folder);
}

TEST_F(Takeover, AToolThatHangsOrFailsIsOneLineAndTheRestGoesOn) {
  const fs::path folder = sandbox_file("bad");
  fs::create_directories(folder);
  const auto script = [&folder](const std::string& name, const std::string& text) {
    std::ofstream(folder / name) << "#!/bin/sh\n" << text;
    fs::permissions(folder / name, fs::perms::owner_all);
  };
  script("nft",
         "case $1 in list) printf 'table ip kube-proxy\\ntable ip nat\\n';; *) echo 'no way' >&2; exit 3;; esac\n");
  script("iptables-nft-save", "printf '*nat\\n:KUBE-SVC-A - [0:0]\\nCOMMIT\\n'\n");
  script("iptables-nft-restore", "exec sleep 60\n");
  const Tools tools{.folders = {folder}, .limit = std::chrono::milliseconds(300)};
  const Report report = remove(tools);
  EXPECT_THAT(report.removed, IsEmpty());
  EXPECT_THAT(report.errors, ElementsAre(AllOf(StartsWith("iptables-nft nat"), HasSubstr("ended")),
                                         AllOf(HasSubstr("table ip kube-proxy"), HasSubstr("no way"))));
  fs::remove_all(folder);
}

TEST_F(Takeover, SaysWhichRulesItCannotReadForLackOfTools) {
  sandbox->run("iptables-legacy -t nat -L -n >/dev/null");
  const Tools tools{.folders = {"/nonexistent"}};
  EXPECT_THAT(find(tools).advice, Contains(HasSubstr("iptables-legacy has tables here")));
}

TEST_F(Takeover, ReportsPortmapAndRemovesItOnRequestOnly) {
  sandbox->run("iptables-nft -t nat -N CNI-HOSTPORT-DNAT && iptables-nft -t nat -A PREROUTING -j CNI-HOSTPORT-DNAT");
  EXPECT_THAT(find({}).advice, Contains(HasSubstr("portmap")));
  EXPECT_THAT(remove({}).removed, IsEmpty());
  EXPECT_THAT(remove({}, {.host_ports = true}).removed, ElementsAre("iptables-nft nat: 1 chains, 1 jumps"));
  EXPECT_THAT(sandbox->output("iptables-nft-save"), Not(HasSubstr("CNI-")));
}

// Starts a program of that name, in the network namespace that `prefix` makes, and gives its process id.
std::string start_kube_proxy(const test::Sandbox& sandbox, const fs::path& folder, const std::string& prefix) {
  const std::string program = (folder / "kube-proxy").string();
  const std::string pid_file = (folder / "pid").string();
  sandbox.run("{ exec " + prefix + " " + program + " 60 & echo $! >" + pid_file + "; } >/dev/null 2>&1");
  // The shell has forked, but perhaps not yet become the program.
  while (sandbox.output("cat /proc/$(cat " + pid_file + ")/comm") != "kube-proxy\n") {
  }
  const std::string pid = sandbox.output("cat " + pid_file);
  return pid.substr(0, pid.size() - 1);
}

TEST_F(Takeover, SeesAKubeProxyOfThisNetworkNamespaceThatRuns) {
  const fs::path folder = sandbox_file("running");
  fs::create_directories(folder);
  fs::copy_file("/bin/sleep", folder / "kube-proxy");
  const std::string elsewhere = start_kube_proxy(*sandbox, folder, "unshare --net");
  EXPECT_EQ(running_kube_proxy(), "") << "that of another node in a container";
  const std::string here = start_kube_proxy(*sandbox, folder, "");
  EXPECT_THAT(running_kube_proxy(), AllOf(HasSubstr("process " + here), HasSubstr("DaemonSet")));
  sandbox->run("kill " + elsewhere + " " + here);
  fs::remove_all(folder);
}

TEST_F(Takeover, TakesAHealthPortInUseForAKubeProxy) {
  const fs::path folder = sandbox_file("proc");
  fs::create_directories(folder / "net");
  const auto table = [&folder](const char* row) {
    std::ofstream(folder / "net/tcp6") << "  sl  local\n" << row << "\n";
  };
  table("   0: 00000000000000000000000000000000:2810 00000000000000000000000000000000:0000 0A 00000000:00000000");
  EXPECT_THAT(running_kube_proxy(folder), HasSubstr("port 10256 is taken"));
  EXPECT_EQ(running_kube_proxy(folder, 10300), "");
  table("   0: 0100007F:A1B2 0100007F:2810 01 00000000:00000000");
  EXPECT_EQ(running_kube_proxy(folder), "") << "a client of that port";
  fs::remove_all(folder);
}

}  // namespace
}  // namespace sp::takeover
