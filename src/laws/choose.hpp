// src/laws/choose.hpp: which of the laws describes the runs, and what the losers would have said
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "laws/levels.hpp"
#include "laws/nnls.hpp"

namespace payoff::laws {

struct Trial {
  Candidate candidate;
  Fitted fitted;
  bool has_freedom = false;  // more runs than terms
};

// All models that the measured N can tell apart, or the one asked for; the chosen one first.
[[nodiscard]] std::vector<Trial> choose_model(std::span<const Runs> runs,
                                              std::span<const Point> points,
                                              std::optional<Model> asked);

// Do the runs themselves, before any model, say that the largest N is slower than the best?
[[nodiscard]] bool retrograde(std::span<const Runs> runs, double relative_sd, int degrees);

// Runs about the law against runs about their own mean: the chance of so much lack of fit by noise
// alone. Absent without repeats, or if the law has as many terms as there are levels.
[[nodiscard]] std::optional<double> lack_of_fit(std::span<const Point> points,
                                                std::span<const double> values, int terms);

// Akaike's criterion with its correction for few runs (Hurvich & Tsai 1989). `parameters` without
// the noise, which is counted here. Infinite if there are too few runs.
[[nodiscard]] double aicc(std::span<const Point> points, const Fitted& fitted, int parameters);

[[nodiscard]] int runs_of(std::span<const Point> points);

}  // namespace payoff::laws
