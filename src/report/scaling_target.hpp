// src/report/scaling_target.hpp: can code times workers reach a goal? The answer and its two forms
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "payoff/laws.hpp"
#include "report/scaling.hpp"

namespace payoff::report {

// What is known of how the program scales.
enum class Source { nothing, share, runs };

struct Target {
  laws::Goal goal;
  Source source = Source::nothing;
  // One law after another that the program may have: the one given or fitted first.
  struct Case {
    laws::Law law;  // of the program as it is; any time scale
    laws::Reach reach;
  };
  std::vector<Case> cases;
  // The largest serial share with which the goal is reached at all, if one is.
  std::optional<double> share_allowed;
  // Code gain that would do with no more workers than this, where there is no end of workers.
  double some_workers = 64;
  std::optional<double> gain_with_some;
  // Of the runs, if there are some.
  std::string runs_name;
  double largest_measured = 0;
  std::vector<laws::Finding> findings;
  laws::Price price;
  std::string price_per = "core-hour";
  std::vector<std::string> notes;
};

[[nodiscard]] std::string target_text(const Target& target, const Terminal& terminal);
[[nodiscard]] std::string target_json(const Target& target);

}  // namespace payoff::report
