// src/scale/runner.hpp: real runs on this machine: the command, and what goes on around it
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "scale/child.hpp"
#include "scale/command.hpp"
#include "scale/interrupts.hpp"
#include "scale/measure.hpp"

namespace payoff::scale {

class MachineRunner final : public Runner {
 public:
  struct Settings {
    std::string input = "/dev/null";
    Output output = Output::discard;
    std::vector<int> cpus;  // that are allowed
  };
  // `tick` is called at least ten times a second while a command runs. The references must outlive
  // this object; `serial` may be absent.
  MachineRunner(const Command& command, const std::optional<Command>& serial, Settings settings,
                const Interrupts& interrupts, std::function<void()> tick);
  [[nodiscard]] Run run(const Wanted& wanted) override;
  [[nodiscard]] bool interrupted() override { return interrupts_.count() > 0; }

 private:
  [[nodiscard]] std::vector<int> allowed_now() const;

  const Command& command_;
  const std::optional<Command>& serial_;
  Settings settings_;
  const Interrupts& interrupts_;
  std::function<void()> tick_;
};

}  // namespace payoff::scale
