/// `tessera`: the command line. A thin front: the libraries do the work.
#include "commands.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace {

constexpr const char *kDescription = "Tessera: hardware/software co-design of neural accelerators.\n"
                                     "Compiles networks (TFLite, ONNX) for an open accelerator and runs them "
                                     "on its models, down to the Verilog.";

constexpr const char *kExamples = R"(
Try:
  tessera run examples/shapes/shapes.tflite --input examples/shapes/sheet.npy --device cycle --machine pynq
      what the network answers, and what every layer costs on the Verilated core
  tessera run net.tflite --input x.npy --device cpu --output out
      the same bytes from the host's CPU, written to out/output_0.npy
  tessera profile net.tflite --input x.npy --machine pynq --json profile.json
      where every layer's cycles and bytes went
  tessera compile net.tflite --machine tiny -o net.tsr && tessera info net.tsr
      a program image, and where each layer was placed and why
  tessera quantize net.onnx --calibrate pictures --machine pynq -o net_int8.onnx
      an int8 network of a float one, and each layer's signal to noise
  tessera tune net.tflite --machine pynq --trials 200
      faster plans of its layers, found by measuring, for --tuned
  tessera eval net.tflite --samples x.npy --labels y.npy --device cpu
      how many labelled samples the network classifies right
  tessera devices
      devices and machines of this build
  tessera info --machine pynq
      a machine in numbers
  tessera asm program.s --machine pynq -o program.bin && tessera disasm program.bin --machine pynq
      raw programs as text
`tessera COMMAND --help` explains each command. Exit status: 0 done, 1 an error (one line on stderr), 2 wrong usage.)";

/// The first file that is opened would get the number of a standard stream that the caller has closed, and our text with it.
/// What stands there instead is at its end when read and cannot be written to.
void keepStandardStreams() {
  for (int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF && ::open("/dev/null", O_RDONLY) != stream)
      std::abort(); // the lower ones are open, so it must be this one
}

/// The exit status, which is an error where what was printed did not arrive.
int finish(int status) {
  if ((std::fflush(stdout) != 0 || std::ferror(stdout)) && status == 0)
    return tessera::tools::fail("cannot write to stdout");
  return status;
}

} // namespace

namespace tessera::tools {

namespace {

void say(const char *kind, std::string line) {
  std::replace(line.begin(), line.end(), '\n', ' ');
  while (!line.empty() && line.back() == ' ')
    line.pop_back();
  std::fflush(stdout);
  std::fprintf(stderr, "%s: %s\n", kind, line.c_str());
}

} // namespace

int fail(const std::string &message) {
  say("error", message);
  return 1;
}

void warn(const std::string &message) { say("warning", message); }

} // namespace tessera::tools

int main(int argc, char **argv) {
  keepStandardStreams();
  std::signal(SIGXFSZ, SIG_IGN); // a file over the limit is a write error like another
  CLI::App app(kDescription, "tessera");
  app.set_version_flag("--version", "tessera " TESSERA_VERSION);
  app.footer(kExamples);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  int status = 0;
#ifdef TESSERA_HAVE_RUN
  tessera::tools::addRun(app, status);
  tessera::tools::addProfile(app, status);
  tessera::tools::addEval(app, status);
#endif
#ifdef TESSERA_HAVE_COMPILE
  tessera::tools::addCompile(app, status);
  tessera::tools::addQuantize(app, status);
  tessera::tools::addTune(app, status);
#endif
  tessera::tools::addInfo(app, status);
#ifdef TESSERA_HAVE_DEVICES
  tessera::tools::addDevices(app, status);
#endif
  tessera::tools::addAsm(app, status);
  tessera::tools::addDisasm(app, status);
#ifdef TESSERA_HAVE_EXEC
  tessera::tools::addExec(app, status);
#endif
  try {
    const auto isNamed = [&](const CLI::App *command) { return command->check_name(argv[1]); };
    if (argc > 1 && argv[1][0] != '-' && app.get_subcommands(isNamed).empty())
      throw CLI::ParseError("there is no command " + std::string(argv[1]), CLI::ExitCodes::InvalidError);
    app.parse(argc, argv);
  } catch (const CLI::Success &success) {
    return finish(app.exit(success));
  } catch (const CLI::ParseError &error) {
    std::fprintf(stderr, "error: %s (tessera --help)\n", error.what());
    return 2;
  } catch (const std::exception &error) {
    return tessera::tools::fail(error.what());
  }
  return finish(status);
}
