// SPDX-License-Identifier: Apache-2.0
// HttpServer on libmicrohttpd. The library parses and writes HTTP; accepting, deadlines and the limit of connections
// are ours, because its own timeout only tells idle clients: one byte every few seconds would keep a connection.
#include "loader/serve/http_server.h"

#include <microhttpd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <map>

#include "loader/serve/listen_socket.h"
#include "loader/util/log.h"

namespace sp::serve {
namespace {

using Clock = EventLoop::Clock;

// Accepted in one turn of the loop, which has other work too.
constexpr int kAcceptBatch = 64;
// No descriptor was free: look again that much later.
constexpr std::chrono::seconds kPause{1};

void log_line(void*, const char* format, va_list arguments) {
  std::array<char, 256> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  log::debug("http", "{}", std::string_view(line.data()));
}

MHD_Result queue(MHD_Connection* connection, const Response& response) {
  // The library only writes through the pointer if it is told to free it.
  MHD_Response* raw = MHD_create_response_from_buffer(response.body.size(), const_cast<char*>(response.body.data()),
                                                      MHD_RESPMEM_MUST_COPY);
  if (raw == nullptr) {
    return MHD_NO;
  }
  MHD_add_response_header(raw, MHD_HTTP_HEADER_CONTENT_TYPE, response.content_type.c_str());
  MHD_add_response_header(raw, MHD_HTTP_HEADER_CONNECTION, "close");
  for (const auto& [name, value] : response.headers) {
    MHD_add_response_header(raw, name.c_str(), value.c_str());
  }
  const MHD_Result queued = MHD_queue_response(connection, static_cast<unsigned>(response.status), raw);
  MHD_destroy_response(raw);
  return queued;
}

}  // namespace

Response not_found() {
  return {.status = 404, .body = "404 page not found\n", .headers = {{"X-Content-Type-Options", "nosniff"}}};
}

struct HttpServer::State {
  struct Connection {
    int fd = -1;
    Clock::time_point ends;
    bool ended = false;  // shut down; the library closes it when it sees that
  };

  State(EventLoop& owner_loop, ListenSocket listening, Handler answer, std::chrono::milliseconds patience)
      : loop(owner_loop), socket(std::move(listening)), handler(std::move(answer)), deadline(patience) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  Result<void> start();
  void accept_clients();
  void make_room();
  void pause();
  void end(Connection& connection);
  void serve();
  void timer_expired();

  static MHD_Result answer(void* self, MHD_Connection* connection, const char* url, const char* method, const char*,
                           const char*, std::size_t* upload_bytes, void** request);
  static void notice(void* self, MHD_Connection* connection, void** context, MHD_ConnectionNotificationCode code);

  EventLoop& loop;
  ListenSocket socket;
  Handler handler;
  std::chrono::milliseconds deadline;
  MHD_Daemon* daemon = nullptr;
  int daemon_fd = -1;
  EventLoop::Timer timer{};
  bool has_timer = false;
  bool paused = false;
  std::uintptr_t last_number = 0;
  // By the order of arrival, which is that of their deadlines.
  std::map<std::uintptr_t, Connection> connections;
};

HttpServer::State::~State() {
  loop.forget(socket.fd.get());
  if (has_timer) {
    loop.remove(timer);
  }
  if (daemon != nullptr) {
    loop.forget(daemon_fd);
    MHD_stop_daemon(daemon);
  }
}

Result<void> HttpServer::State::start() {
  daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0, nullptr, nullptr, answer,
                            this, MHD_OPTION_EXTERNAL_LOGGER, log_line, nullptr, MHD_OPTION_CONNECTION_LIMIT,
                            static_cast<unsigned>(kMaxConnections), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            kConnectionBytes, MHD_OPTION_NOTIFY_CONNECTION, notice, this, MHD_OPTION_END);
  if (daemon == nullptr) {
    return errno_error(errno, "start the server on " + socket.address.text());
  }
  const MHD_DaemonInfo* info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
  if (info == nullptr || info->listen_fd < 0) {
    return Error{0, "start the server on " + socket.address.text() + ": this libmicrohttpd has no epoll"};
  }
  daemon_fd = info->listen_fd;
  SP_TRY_ASSIGN(added, loop.add_timer([this] { timer_expired(); }));
  timer = added;
  has_timer = true;
  SP_TRY(loop.watch(daemon_fd, [this] { serve(); }));
  return loop.watch(socket.fd.get(), [this] { accept_clients(); });
}

void HttpServer::State::accept_clients() {
  for (int i = 0; i < kAcceptBatch; ++i) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    Fd client(::accept4(socket.fd.get(), reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client.valid()) {
      const int err = errno;
      if (err == EMFILE || err == ENFILE || err == ENOBUFS || err == ENOMEM) {
        pause();
      }
      break;
    }
    make_room();
    // Owns the descriptor from here on, whatever it says.
    MHD_add_connection(daemon, client.release(), reinterpret_cast<sockaddr*>(&peer), length);
  }
  serve();
}

// Ends the oldest connections while one more would be too many.
void HttpServer::State::make_room() {
  // MHD_run() takes away whatever has ended meanwhile, so the next one is looked up anew.
  std::uintptr_t last = 0;
  while (connections.size() >= kMaxConnections) {
    const auto oldest = connections.upper_bound(last);
    if (oldest == connections.end()) return;
    last = oldest->first;
    end(oldest->second);
    MHD_run(daemon);
  }
}

// The backlog stays readable while no descriptor is free: without a pause the loop would spin.
void HttpServer::State::pause() {
  loop.forget(socket.fd.get());
  paused = true;
  log::warn("http", "no descriptor for a client of {}: pausing", socket.address.text());
}

void HttpServer::State::end(Connection& connection) {
  if (!connection.ended) {
    connection.ended = true;
    ::shutdown(connection.fd, SHUT_RDWR);
  }
}

void HttpServer::State::serve() {
  MHD_run(daemon);
  // One timer for whatever comes first.
  std::chrono::nanoseconds delay = std::chrono::nanoseconds::max();
  MHD_UNSIGNED_LONG_LONG wanted_ms = 0;
  if (MHD_get_timeout(daemon, &wanted_ms) == MHD_YES) {
    delay = std::chrono::milliseconds(wanted_ms);
  }
  for (const auto& [number, connection] : connections) {
    if (!connection.ended) {
      delay = std::min<std::chrono::nanoseconds>(delay, connection.ends - Clock::now());
      break;
    }
  }
  if (paused) {
    delay = std::min<std::chrono::nanoseconds>(delay, kPause);
  }
  if (delay == std::chrono::nanoseconds::max()) {
    loop.cancel(timer);
  } else {
    loop.start_once(timer, delay);
  }
}

void HttpServer::State::timer_expired() {
  if (paused) {
    paused = !loop.watch(socket.fd.get(), [this] { accept_clients(); });
  }
  const auto now = Clock::now();
  for (auto& [number, connection] : connections) {
    if (connection.ends > now) {
      break;
    }
    end(connection);
  }
  serve();
}

MHD_Result HttpServer::State::answer(void* self, MHD_Connection* connection, const char* url, const char* method,
                                     const char*, const char*, std::size_t* upload_bytes, void** request) {
  State& state = *static_cast<State*>(self);
  // First the headers, then the body in parts, then its end: an answer before that would be lost in a reset.
  if (*request == nullptr) {
    *request = self;
    return MHD_YES;
  }
  if (*upload_bytes != 0) {
    *upload_bytes = 0;
    return MHD_YES;
  }
  const std::string_view verb = method;
  if (verb != MHD_HTTP_METHOD_GET && verb != MHD_HTTP_METHOD_HEAD) {
    return queue(connection, {.status = 405, .body = "method not allowed\n", .headers = {{"Allow", "GET, HEAD"}}});
  }
  return queue(connection, state.handler(url));
}

void HttpServer::State::notice(void* self, MHD_Connection* connection, void** context,
                               MHD_ConnectionNotificationCode code) {
  State& state = *static_cast<State*>(self);
  if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
    state.connections.erase(reinterpret_cast<std::uintptr_t>(*context));
    return;
  }
  const MHD_ConnectionInfo* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  const std::uintptr_t number = ++state.last_number;
  *context = reinterpret_cast<void*>(number);
  state.connections[number] = {.fd = info->connect_fd, .ends = Clock::now() + state.deadline};
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::listen(EventLoop& loop, const BindAddress& address, Handler handler,
                                                       std::chrono::milliseconds deadline) {
  SP_TRY_ASSIGN(socket, open_listen_socket(address));
  auto state = std::make_unique<State>(loop, std::move(socket), std::move(handler), deadline);
  SP_TRY(state->start());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

const BindAddress& HttpServer::address() const {
  return state_->socket.address;
}

std::size_t HttpServer::open_connections() const {
  return state_->connections.size();
}

}  // namespace sp::serve
