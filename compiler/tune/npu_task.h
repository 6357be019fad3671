/// A task of the accelerator (npu/core/task.h) as the search sees it: its plans, estimated by the timing model, and the program that measures one.
#ifndef TESSERA_COMPILER_TUNE_NPU_TASK_H
#define TESSERA_COMPILER_TUNE_NPU_TASK_H

#include "tune/search.h"

#include "npu/core/command.h"
#include "npu/core/space.h"
#include "npu/core/task.h"

namespace tessera::compiler {

/// A region of a network: its layers in one launch, under the planner's usual plans.
struct TunedRegion {
  std::vector<npu::Layer> layers;
  std::vector<npu::LayerPlan> usual;
};

/// Layers of a region with their plan are measured between the groups of layers before and behind, under their usual plans, where these
/// are short: what neighbours hide of each other counts.
class NpuTask : public SearchTask {
public:
  /// `target` and `region` must outlive it; `weight`: so often does the network have this task.
  NpuTask(const npu::Target &target, const TunedRegion &region, npu::Task task, double weight);

  const std::string &key() const override { return task_.key; }
  double weight() const override { return weight_; }
  double ideal() const override { return ideal_; }
  std::string usual() const override { return usual_; }
  std::optional<std::string> propose(const std::string &one, const std::string *other,
                                     std::mt19937_64 &random) override;
  std::optional<Description> describe(const std::string &choice) override;

  /// The commands that measure a choice. Error: it is not possible.
  isa::Expected<std::vector<npu::Command>> program(const std::string &choice) const;

  const npu::Task &task() const { return task_; }
  const TunedRegion &region() const { return region_; }

private:
  std::span<const npu::Layer> layers() const {
    return std::span(region_.layers).subspan(task_.begin, task_.end - task_.begin);
  }
  /// Plans of the window, with these of the task.
  std::vector<npu::LayerPlan> inWindow(const std::vector<npu::LayerPlan> &plans) const;
  std::span<const npu::Layer> window() const {
    return std::span(region_.layers).subspan(begin_, end_ - begin_);
  }

  const npu::Target &target_;
  const TunedRegion &region_;
  const npu::Task task_;
  const double weight_;
  size_t begin_, end_; ///< the window
  double ideal_ = 0;
  std::string usual_;
  npu::PlanSpace space_;
};

} // namespace tessera::compiler

#endif
