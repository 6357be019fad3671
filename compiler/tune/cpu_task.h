/// A loop nest of the host's code as the search sees it: its tiles, estimated by the compiler's cost.
#ifndef TESSERA_COMPILER_TUNE_CPU_TASK_H
#define TESSERA_COMPILER_TUNE_CPU_TASK_H

#include "tune/cpu_kernel.h"
#include "tune/search.h"

namespace tessera::compiler {

class CpuTask : public SearchTask {
public:
  CpuTask(std::string bytecode, CpuKernel::Nest nest, const cpu::CpuTarget &target);

  const std::string &key() const override { return nest_.key; }
  double weight() const override { return weight_; }
  std::string usual() const override { return usual_; }
  std::optional<std::string> propose(const std::string &one, const std::string *other,
                                     std::mt19937_64 &random) override;
  std::optional<Description> describe(const std::string &choice) override;

  const std::string &bytecode() const { return bytecode_; }
  void occursAgain() { ++weight_; }
  size_t tiles() const { return order_.size(); }

private:
  struct Known {
    cpu::Tile tile;
    double cost;
  };
  std::string bytecode_;
  CpuKernel::Nest nest_;
  int64_t lanes_;
  double weight_ = 1;
  std::map<std::string, Known> tiles_;
  std::vector<std::string> order_; ///< the cheapest first
  std::string usual_;
};

} // namespace tessera::compiler

#endif
