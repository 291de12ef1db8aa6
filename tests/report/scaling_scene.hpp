// tests/report/scaling_scene.hpp: answers made by hand, for the tests of every form of them
#pragma once

#include <limits>
#include <string>

#include "report/scaling.hpp"

namespace payoff::report {

// xz on 8 cores, three rounds: s = 0.6 s, p = 16 s, c = 0.05 s; T(1) = 16.6 s.
inline Scaling compressing() {
  Scaling s;
  s.subject = "xz -T{n} linux.tar";
  s.base = "this command with one worker (n = 1)";
  laws::Fit& fit = s.fit;
  fit.model = laws::Model::usl;
  fit.law = {seconds{.6}, seconds{0}, seconds{16}, seconds{.05}};
  for (const double off : {-.04, -.02, 0.0, .02, .04}) {
    fit.refits.push_back(
        {seconds{.6 + 2 * off}, seconds{0}, seconds{16 - 2 * off}, seconds{.05 - off / 4}});
  }
  fit.candidates = {{.model = laws::Model::usl,
                     .law = fit.law,
                     .relative_sd = .021,
                     .aicc = -70,
                     .leave_one_out = .034,
                     .weight = .5},
                    {.model = laws::Model::amdahl,
                     .law = {seconds{.9}, seconds{0}, seconds{15.7}, seconds{0}},
                     .relative_sd = .043,
                     .aicc = -61,
                     .leave_one_out = .071,
                     .weight = .5}};
  fit.serial = {.6, .45, .77, false};
  fit.parallel = {16, 15.8, 16.2, false};
  fit.per_worker = {.05, .04, .06, false};
  fit.sigma = {.036, .027, .046, false};
  fit.kappa = {.003, .0024, .0036, false};
  fit.gamma = {.0602, .0598, .0607, false};
  fit.limit = {7.1, 6.6, 7.7, false};
  fit.fastest = {17.9, 16.2, 20, false};
  fit.knee = {9.4, 8.8, 10.1, false};
  fit.relative_sd = .021;
  fit.degrees_of_freedom = 9;
  fit.lack_of_fit = .41;
  fit.largest_measured = 8;
  const auto level = [&](double n, double median, double low, double high, double speedup,
                         double speedup_low, double speedup_high, double cpu) {
    laws::Level at;
    at.workers = n;
    at.runs = 3;
    at.median = seconds{median}, at.low = seconds{low}, at.high = seconds{high};
    at.fastest = seconds{low};
    at.speedup = speedup, at.speedup_low = speedup_low, at.speedup_high = speedup_high;
    at.efficiency = speedup / n;
    at.core_seconds = seconds{cpu};
    fit.levels.push_back(at);
  };
  level(1, 16.6, 16.5, 16.8, 1, 1, 1, 16.4);
  level(2, 8.66, 8.6, 8.8, 1.92, 1.88, 1.95, 16.6);
  level(4, 4.76, 4.7, 4.9, 3.49, 3.4, 3.55, 16.9);
  level(8, 2.95, 2.9, 3.2, 5.63, 5.2, 5.8, 17.6);
  s.forecasts = {{16, seconds{2.33}, seconds{1.5}, seconds{3.3}, 7.1, 5.0, 10.9, false},
                 {32, seconds{1.4}, seconds{1.4}, seconds{std::numeric_limits<double>::infinity()},
                  11.8, 0, 11.8, true}};
  laws::Choices choices;
  choices.fastest = {16, 14, 16, seconds{2.33}, 37.3, std::nullopt};
  choices.cheapest = {1, 1, 1, seconds{16.6}, 16.6, std::nullopt};
  choices.knee = {9, 9, 10, seconds{2.78}, 25, std::nullopt};
  choices.half_efficiency = {13, 12, 14, seconds{2.43}, 31.6, std::nullopt};
  choices.searched = 16;
  s.choices = choices;
  s.notes = {"3 rounds after a warm-up, 12 runs; 1 run was repeated: 4 % of the CPUs were stolen"};
  return s;
}

inline Scaling priced() {
  Scaling s = compressing();
  s.price.per_core_hour = .0446;
  s.price.hour_value = 50;
  s.price.minimum = seconds{60};
  s.price.date = "2026-10-05";
  s.choices->fastest.cost = .0119, s.choices->fastest.hour_value = 210;
  s.choices->cheapest.cost = .000743, s.choices->cheapest.hour_value = 0;
  s.choices->knee.cost = .00669, s.choices->half_efficiency.cost = .00966;
  s.choices->knee.hour_value = 1.9;
  s.choices->best = laws::Choice{12, 11, 14, seconds{2.48}, .00892, 50};
  return s;
}

// What no number of the answer should survive unshown: not a number, nothing, and hostile names.
inline Scaling hostile() {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  constexpr double inf = std::numeric_limits<double>::infinity();
  Scaling s = compressing();
  s.subject = "<script>alert('&\"')</script>\x1b[31m\xff\n日本語";
  s.base = "</title><b>\n";
  s.fit.law = {seconds{nan}, seconds{0}, seconds{inf}, seconds{-1}};
  s.fit.levels[1].median = s.fit.levels[1].low = seconds{nan};
  s.fit.levels[1].speedup = s.fit.levels[1].speedup_low = nan;
  s.fit.levels[2].speedup_high = inf;
  s.fit.levels[3].speedup = s.fit.levels[3].efficiency = -3;
  s.fit.limit = s.fit.serial = s.fit.per_worker = {nan, -inf, inf, false};
  s.forecasts[0] = {inf, seconds{nan}, seconds{-1}, seconds{inf}, nan, nan, inf, false};
  s.choices->fastest = {12345678, -5, 12345678, seconds{nan}, inf, nan};
  s.fit.findings = {{"<code>", "text \x1b[2J & more", "try </section>"}};
  s.notes = {"</ul>\x07<img src=x onerror=alert(1)>", std::string(300, 'x')};
  return s;
}

}  // namespace payoff::report
