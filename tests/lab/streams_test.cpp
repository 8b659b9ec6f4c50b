// SPDX-License-Identifier: Apache-2.0
// Long streams of real programs, iperf3 and curl with nginx, through NodePort and hostPort in both families. Pods keep
// veth's default offloads, so what passes here are also segments that no wire has seen: checksums must come out right.
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "tests/harness/lab_environment.h"
#include "tests/harness/manifests.h"

namespace sp::test {

namespace {

constexpr std::uint16_t kIperfPort = 5201;
constexpr std::uint16_t kWebPort = 8080;
constexpr std::size_t kFileBytes = 64u << 20;
const std::vector<std::string> kPods = {"n1p1", "n2p1"};  // beside the door, and behind another node

// The programs of each Pod.
std::map<std::string, Process>& iperf_servers() {
  static std::map<std::string, Process> running;
  return running;
}

std::map<std::string, Process>& web_servers() {
  static std::map<std::string, Process> running;
  return running;
}

// A download folder and an upload folder, plain HTTP on both addresses.
std::string nginx_config(const std::filesystem::path& dir) {
  return "daemon off;\nuser root;\nworker_processes 1;\nerror_log stderr notice;\npid " + (dir / "pid").string() +
         ";\nevents {}\nhttp {\n  access_log off;\n  client_max_body_size 0;\n  client_body_temp_path " +
         (dir / "body").string() + ";\n  proxy_temp_path " + (dir / "proxy").string() + ";\n  fastcgi_temp_path " +
         (dir / "fastcgi").string() + ";\n  uwsgi_temp_path " + (dir / "uwsgi").string() + ";\n  scgi_temp_path " +
         (dir / "scgi").string() + ";\n  server {\n    listen " + std::to_string(kWebPort) +
         ";\n    listen [::]:" + std::to_string(kWebPort) + ";\n    root " + dir.string() +
         ";\n    dav_methods PUT;\n  }\n}\n";
}

std::string checksum(const Lab& lab, const std::filesystem::path& file) {
  const auto output = lab.run("c1", {"sha256sum", file});
  return output ? output->text.substr(0, output->text.find(' ')) : output.error().text();
}

// Random, so that neither a repeated nor a missing block goes unseen.
void write_random_file(const std::filesystem::path& file) {
  std::mt19937_64 random(20260);
  std::vector<std::uint64_t> words(kFileBytes / sizeof(std::uint64_t));
  for (std::uint64_t& word : words) {
    word = random();
  }
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char*>(words.data()), static_cast<std::streamsize>(kFileBytes));
}

Result<void> start_programs(const Lab& lab, const std::string& pod) {
  const std::filesystem::path dir = lab.scratch() / pod;
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  std::filesystem::create_hard_link(lab.scratch() / "original", dir / "down", error);
  if (error) {
    return Error{error.value(), dir.string() + ": fill"};
  }
  std::ofstream(dir / "nginx.conf") << nginx_config(dir);
  const std::string& netns = lab.host(pod).netns;
  SP_TRY_ASSIGN(iperf, Process::spawn({.argv = {"iperf3", "--server", "--forceflush"}, .netns = netns}));
  SP_TRY(iperf.await_line(0, {"Server listening"}, Millis(5000)));
  iperf_servers().insert_or_assign(pod, std::move(iperf));
  SP_TRY_ASSIGN(nginx, Process::spawn({.argv = {"nginx", "-p", dir, "-c", dir / "nginx.conf"}, .netns = netns}));
  SP_TRY(nginx.await_line(0, {"start worker process "}, Millis(5000)));
  web_servers().insert_or_assign(pod, std::move(nginx));
  return {};
}

// Doors of n1: node port 30001 leads to the Pod of n1 and 30002 to that of n2, for iperf3; +100 for nginx. Host ports
// are the servers' own numbers.
std::uint16_t node_port(unsigned index, std::uint16_t server_port) {
  return static_cast<std::uint16_t>(30001 + index + (server_port == kWebPort ? 100 : 0));
}

}  // namespace

LabShape lab_shape() {
  return {.nodes = 2, .clients = 1, .pods = 1};
}

Result<void> prepare(const Lab& lab, Agents& agents, IdentityServers&) {
  write_random_file(lab.scratch() / "original");
  for (unsigned i = 0; i < kPods.size(); ++i) {
    SP_TRY(start_programs(lab, kPods[i]));
    for (const std::uint16_t port : {kIperfPort, kWebPort}) {
      const ServiceSpec service{.name = "s" + std::to_string(node_port(i, port)),
                                .number = i + (port == kWebPort ? 101u : 1u),
                                .port = port,
                                .target_port = port,
                                .node_port = node_port(i, port),
                                .backends = {backend(lab, kPods[i])}};
      SP_TRY(agents.put_all(service.name + ".yaml", manifest(service)));
      const HostPortSpec host_port{.pod = backend(lab, kPods[i]), .host_port = port, .container_port = port};
      SP_TRY(agents.put_all("p" + service.name + ".yaml", manifest(host_port)));
    }
  }
  return agents.start_all();
}

namespace {

enum class Door : std::uint8_t { node_port_local, node_port_remote, host_port };

class Streams : public LabTest, public ::testing::WithParamInterface<std::tuple<Family, Door>> {
 public:
  static std::string name(const ::testing::TestParamInfo<ParamType>& param) {
    constexpr std::array<const char*, 3> kDoors = {"NodePortLocal", "NodePortRemote", "HostPort"};
    return to_string(std::get<0>(param.param)) + std::string(kDoors.at(static_cast<int>(std::get<1>(param.param))));
  }

 protected:
  // The Pod behind the door.
  [[nodiscard]] static std::string pod() { return kPods.at(std::get<1>(GetParam()) == Door::node_port_remote ? 1 : 0); }

  [[nodiscard]] static Endpoint door(std::uint16_t server_port) {
    const auto [family, kind] = GetParam();
    const std::uint16_t port =
        kind == Door::host_port ? server_port : node_port(kind == Door::node_port_remote ? 1 : 0, server_port);
    return lab().host("n1").at(family, port);
  }

  static void expect_iperf_passes(std::vector<std::string> extra) {
    const Endpoint at = door(kIperfPort);
    const Process& server = iperf_servers().at(pod());
    const std::size_t mark = server.line_count();
    std::vector<std::string> argv = {
        "iperf3", "--client", at.ip, "--port", std::to_string(at.port), "--connect-timeout", "5000", "--format", "m"};
    argv.insert(argv.end(), extra.begin(), extra.end());
    const auto output = lab().run("c1", argv, Millis(60000));
    ASSERT_TRUE(ok(output));
    EXPECT_EQ(output->exit_code, 0) << output->text;
    print_totals(output->text);
    // One test at a time: until this line the server turns the next client away.
    ASSERT_TRUE(ok(server.await_line(mark, {"Server listening"}, Millis(10000)))) << server.tail(10);
  }

  // What the receiving ends saw; of parallel streams, their sum.
  static void print_totals(const std::string& report) {
    const bool parallel = report.find("[SUM]") != std::string::npos;
    std::istringstream lines(report);
    std::size_t totals = 0;
    for (std::string line; std::getline(lines, line);) {
      if (line.find("receiver") != std::string::npos && parallel == line.starts_with("[SUM]")) {
        std::printf("%s\n", line.c_str());
        ++totals;
      }
    }
    EXPECT_GE(totals, 1u) << report;
  }

  static void expect_curl_passes(std::vector<std::string> extra, const std::string& path) {
    const Endpoint at = door(kWebPort);
    std::vector<std::string> argv = {
        "curl", "--silent", "--show-error", "--fail", "--max-time", "60", "http://" + at.text() + path};
    argv.insert(argv.end(), extra.begin(), extra.end());
    const auto output = lab().run("c1", argv, Millis(70000));
    ASSERT_TRUE(ok(output));
    EXPECT_EQ(output->exit_code, 0) << output->text;
  }
};

TEST_P(Streams, IperfSendsAndReceives) {
  expect_iperf_passes({"--bytes", "100M"});
  expect_iperf_passes({"--bytes", "100M", "--reverse"});
  expect_iperf_passes({"--time", "1", "--parallel", "4", "--bidir"});
}

TEST_P(Streams, IperfSendsAndReceivesDatagrams) {
  expect_iperf_passes({"--udp", "--bytes", "2M", "--bitrate", "50M", "--length", "1200"});
  expect_iperf_passes({"--udp", "--bytes", "2M", "--bitrate", "50M", "--length", "1200", "--reverse"});
}

TEST_P(Streams, CurlDownloadsWhatTheServerHas) {
  const std::filesystem::path copy = lab().scratch() / "copy";
  std::filesystem::remove(copy);
  expect_curl_passes({"--output", copy}, "/down");
  EXPECT_EQ(checksum(lab(), copy), checksum(lab(), lab().scratch() / "original"));
}

TEST_P(Streams, CurlUploadsWhatTheClientHas) {
  std::filesystem::remove(lab().scratch() / pod() / "up");
  expect_curl_passes({"--upload-file", lab().scratch() / "original"}, "/up");
  EXPECT_EQ(checksum(lab(), lab().scratch() / pod() / "up"), checksum(lab(), lab().scratch() / "original"));
}

INSTANTIATE_TEST_SUITE_P(Lab, Streams,
                         ::testing::Combine(every_family(), ::testing::Values(Door::node_port_local,
                                                                              Door::node_port_remote, Door::host_port)),
                         Streams::name);

// The premise of the file: otherwise it would pass for the wrong reason.
TEST_F(LabTest, PodsHaveTheirOffloadsOn) {
  for (const std::string& pod : kPods) {
    const auto features = lab().run(pod, {"ethtool", "--show-features", "eth0"});
    ASSERT_TRUE(ok(features));
    EXPECT_NE(features->text.find("tx-checksumming: on"), std::string::npos) << features->text;
    EXPECT_NE(features->text.find("tcp-segmentation-offload: on"), std::string::npos) << features->text;
  }
}

}  // namespace
}  // namespace sp::test
