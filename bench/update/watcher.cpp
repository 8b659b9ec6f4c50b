// SPDX-License-Identifier: Apache-2.0
// The bare watcher: what nobody can surpass who learns of changes from an API server. It holds a watch over TLS, as the
// agent does, and for each line that arrives stores one word in memory that its parent has mapped, too. No JSON, no
// cluster, no rows.
//
// Argv: address port ca.pem token resource-path file-of-the-word. Prints one line when the watch stands; ends with its
// parent or with the watch.
#include <fcntl.h>
#include <openssl/ssl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "loader/util/fd.h"

namespace {

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Chain = std::unique_ptr<BIO, decltype(&BIO_free_all)>;

// Received at once, as the agent receives.
constexpr std::size_t kRead = 64 * 1024;

int fail(const char* what) {
  std::fprintf(stderr, "watcher: %s\n", what);
  return 1;
}

std::uint64_t* word_of(const char* path) {
  const sp::Fd file(::open(path, O_RDWR | O_CLOEXEC));
  void* mapped = ::mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  return mapped == MAP_FAILED ? nullptr : static_cast<std::uint64_t*>(mapped);
}

// The head of the answer, and what came with it; empty when there is none, or a refusal.
std::string await_head(BIO* stream) {
  std::string text;
  std::array<char, 4096> piece{};
  while (text.find("\r\n\r\n") == std::string::npos) {
    const int got = BIO_read(stream, piece.data(), piece.size());
    if (got <= 0) return {};
    text.append(piece.data(), static_cast<std::size_t>(got));
  }
  return text.starts_with("HTTP/1.1 200") ? text : std::string();
}

int watch(BIO* stream, std::uint64_t* word) {
  std::array<char, kRead> bytes{};
  char last = 0;
  while (true) {
    const int got = BIO_read(stream, bytes.data(), bytes.size());
    if (got <= 0) return fail("the watch has ended");
    // The line of an event ends with "}", and a line with the size of a chunk does not; they may come in two reads.
    const std::string_view read(bytes.data(), static_cast<std::size_t>(got));
    const bool ends_event = (last == '}' && read.front() == '\n') || read.find("}\n") != std::string_view::npos;
    last = read.back();
    if (ends_event) __atomic_fetch_add(word, 1, __ATOMIC_RELEASE);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return fail("expected: address port ca.pem token path word");
  std::uint64_t* const word = word_of(argv[6]);
  if (word == nullptr) return fail("cannot map the word");
  const Context context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  if (SSL_CTX_load_verify_locations(context.get(), argv[3], nullptr) != 1) return fail("no authority");
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const Chain stream(BIO_new_ssl_connect(context.get()), &BIO_free_all);
  const std::string server = std::string(argv[1]) + ":" + argv[2];
  BIO_set_conn_hostname(stream.get(), server.c_str());
  if (BIO_do_connect(stream.get()) != 1 || BIO_do_handshake(stream.get()) != 1) return fail("cannot connect");
  const std::string request = std::string("GET ") + argv[5] + "?watch=1&resourceVersion=0 HTTP/1.1\r\nHost: " + server +
                              "\r\nAccept: application/json\r\nAuthorization: Bearer " + argv[4] + "\r\n\r\n";
  if (BIO_write(stream.get(), request.data(), static_cast<int>(request.size())) <= 0) return fail("cannot ask");
  if (await_head(stream.get()).empty()) return fail("the server refuses the watch");
  std::puts("watcher: ready");
  std::fflush(stdout);
  return watch(stream.get(), word);
}
