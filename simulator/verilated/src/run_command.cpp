#include "run_command.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

namespace tessera::simulator {

isa::Expected<std::string> runCommand(const std::vector<std::string> &command, int limitSeconds) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return isa::Error{std::string("cannot make a pipe: ") + std::strerror(errno)};

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP); // so that a late one ends with its children
  std::vector<char *> arguments;
  for (const std::string &word : command)
    arguments.push_back(const_cast<char *>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  int failed = posix_spawnp(&child, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(ends[1]);
  if (failed) {
    close(ends[0]);
    return isa::Error{"cannot run " + command[0] + ": " + std::strerror(failed)};
  }

  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(limitSeconds);
  std::string text;
  bool late = false;
  for (;;) {
    auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now())
            .count();
    late = left <= 0;
    if (late)
      break;
    pollfd waiting{ends[0], POLLIN, 0};
    if (poll(&waiting, 1, static_cast<int>(left)) <= 0)
      continue;
    char buffer[4096];
    ssize_t count = read(ends[0], buffer, sizeof buffer);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0)
      break;
    text.append(buffer, static_cast<size_t>(count));
  }
  close(ends[0]);
  if (late)
    kill(-child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (late)
    return isa::Error{command[0] + " took longer than " + std::to_string(limitSeconds) + " s"};
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    while (!text.empty() && text.back() == '\n')
      text.pop_back();
    return isa::Error{text.size() > 3000 ? text.substr(text.size() - 3000) : text};
  }
  return text;
}

} // namespace tessera::simulator
