// src/laws/doctor.hpp: what a careful reader must know before believing a fit
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "laws/intervals.hpp"
#include "laws/levels.hpp"
#include "laws/nnls.hpp"
#include "payoff/laws.hpp"

namespace payoff::laws {

struct Evidence {
  std::span<const Runs> runs;
  std::span<const Point> points;
  const Fit& fit;       // all of it but the findings
  const Fitted& usual;  // the fit that the intervals come from: of the USL, where N allow it
  Noise noise;          // about that fit
};

// What spoils the runs first, then what they leave open.
[[nodiscard]] std::vector<Finding> diagnose(const Evidence& evidence);

// The checks; each returns at most one finding.
using Found = std::optional<Finding>;
// By the runs alone.
[[nodiscard]] Found cold_start(const Evidence& evidence);
[[nodiscard]] Found n_ignored(const Evidence& evidence);
[[nodiscard]] Found bimodal(const Evidence& evidence);
[[nodiscard]] Found mixed_placement(const Evidence& evidence);
// By the runs and the law.
[[nodiscard]] Found ceiling(const Evidence& evidence);
[[nodiscard]] Found falls_back(const Evidence& evidence);  // code: retrograde
[[nodiscard]] Found superlinear(const Evidence& evidence);
[[nodiscard]] Found on_bound(const Evidence& evidence);
[[nodiscard]] Found too_few_points(const Evidence& evidence);

// 0.000123 -> "123 us"; three digits, for sentences.
[[nodiscard]] std::string amount(seconds time);

}  // namespace payoff::laws
