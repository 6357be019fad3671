#include "child.h"

#include "tessera/isa/encoding.h"
#include "tessera/simulator/systemc_platform.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tessera::driver {

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// Simulated cycles between two looks at the socket.
constexpr uint64_t kStepCycles = 20'000;

/// The child's side: serves requests until the parent is gone.
class Server {
public:
  Server(int socket, simulator::SystemcPlatform &platform) : socket_(socket), platform_(platform) {}

  void serve() {
    for (;;) {
      // Blocks only where nothing is to be simulated meanwhile.
      ChildRequest request;
      const ssize_t bytes = ::recv(socket_, &request, sizeof request, waiting_ ? MSG_DONTWAIT : 0);
      if (bytes == sizeof request)
        handle(request);
      else if (waiting_ && bytes < 0 && (errno == EAGAIN || errno == EINTR))
        step();
      else
        return; // the parent has closed
    }
  }

private:
  void handle(const ChildRequest &request) {
    switch (request.kind) {
    case ChildRequest::Read:
      answer(request.kind, platform_.readRegister(request.offset));
      break;
    case ChildRequest::Write:
      if (request.offset == isa::reg::kControl)
        begin_ = Clock::now();
      platform_.writeRegister(request.offset, request.value);
      answer(request.kind, 0);
      break;
    case ChildRequest::Wait:
      waiting_ = true;
      break;
    }
  }

  void step() {
    if (!platform_.runUntilDone(kStepCycles) && platform_.message().empty())
      return;
    waiting_ = false;
    answer(ChildRequest::Wait, 0);
  }

  void answer(ChildRequest::Kind kind, uint32_t value) {
    ChildAnswer answer;
    answer.kind = kind;
    answer.value = value;
    answer.seconds = since(begin_);
    std::snprintf(answer.message, sizeof answer.message, "%s", platform_.message().c_str());
    if (::send(socket_, &answer, sizeof answer, MSG_NOSIGNAL) != sizeof answer)
      ::_exit(0);
  }

  int socket_;
  simulator::SystemcPlatform &platform_;
  Clock::time_point begin_ = Clock::now();
  bool waiting_ = false;
};

[[noreturn]] void runChild(int socket, pid_t parent, const BackendOptions &options,
                           std::span<uint8_t> memory) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent)
    ::_exit(0);
  ChildAnswer ready;
  try {
    auto platform = simulator::SystemcPlatform::open(options.machine, options.memory, memory);
    if (!platform)
      std::snprintf(ready.message, sizeof ready.message, "%s", platform.error().message.c_str());
    if (::send(socket, &ready, sizeof ready, MSG_NOSIGNAL) == sizeof ready && platform)
      Server(socket, **platform).serve();
  } catch (const std::exception &error) { // SystemC reports so
    ChildAnswer failed;
    failed.kind = UINT32_MAX;
    std::snprintf(failed.message, sizeof failed.message, "%s", error.what());
    std::replace(std::begin(failed.message), std::end(failed.message), '\n', ' ');
    (void)::send(socket, &failed, sizeof failed, MSG_NOSIGNAL);
  }
  ::_exit(0); // no destructors: they are the parent's
}

} // namespace

Child::~Child() {
  if (socket_ >= 0)
    ::close(socket_);
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

Status Child::start(const BackendOptions &options, std::span<uint8_t> sharedMemory) {
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
    return failure(TSR_IO, "cannot make a socket pair: %s", std::strerror(errno));
  std::fflush(nullptr);
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ == 0) {
    ::close(sockets[0]);
    runChild(sockets[1], parent, options, sharedMemory);
  }
  ::close(sockets[1]);
  socket_ = sockets[0];
  if (pid_ < 0)
    return failure(TSR_IO, "cannot fork: %s", std::strerror(errno));
  ChildAnswer ready;
  constexpr double kBuildSeconds = 600; // a Verilated model may have to be built first
  if (Status status = receive(ready, kBuildSeconds); !status.ok())
    return status;
  return ready.message[0] ? failure(TSR_NOT_FOUND, "%s", ready.message) : Status{};
}

Status Child::send(const ChildRequest &request) {
  if (::send(socket_, &request, sizeof request, MSG_NOSIGNAL) == sizeof request)
    return {};
  return failure(TSR_DEVICE_ERROR, "the SystemC simulation has ended: %s", std::strerror(errno));
}

Status Child::receive(ChildAnswer &answer, double seconds) {
  const Clock::time_point begin = Clock::now();
  for (;;) {
    const double left = std::clamp(seconds - since(begin), 0.0, 1e6);
    pollfd entry{socket_, POLLIN, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(left * 1000));
    if (ready > 0)
      break;
    if (ready < 0 && errno != EINTR)
      return failure(TSR_IO, "cannot poll: %s", std::strerror(errno));
    if (ready == 0 && since(begin) >= seconds - 1e-3)
      return {TSR_TIMEOUT, "the SystemC simulation still runs"};
  }
  const ssize_t bytes = ::recv(socket_, &answer, sizeof answer, 0);
  if (bytes == sizeof answer)
    return {};
  return failure(TSR_DEVICE_ERROR, "the SystemC simulation has ended");
}

} // namespace tessera::driver
