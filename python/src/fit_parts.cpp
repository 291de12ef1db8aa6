// python/src/fit_parts.cpp: what a payoff.Fit consists of, as read-only Python classes
#include "laws.hpp"
#include "payoff/laws.hpp"
#include "record.hpp"

namespace payoff::python {
namespace nb = nanobind;

void add_fit_parts(nb::module_& m) {
  Record<laws::Estimate>(m, "Estimate",
                         "A number with its 95 % interval.\n\nWith on_bound it cannot be told from "
                         "0: value says nothing, high is a one-sided limit.")
      .field("value", &laws::Estimate::value, "0 when on_bound.")
      .field("low", &laws::Estimate::low, "Lower end of the 95 % interval.")
      .field("high", &laws::Estimate::high, "Upper end; one-sided when on_bound.")
      .field("on_bound", &laws::Estimate::on_bound, "Not distinguishable from 0.")
      .printed();
  Record<laws::Level>(m, "Level", "All runs at one N; times in seconds.")
      .field("workers", &laws::Level::workers, "N.")
      .field("runs", &laws::Level::runs, "How many.")
      .field("median", &laws::Level::median, "The middle one.")
      .field("low", &laws::Level::low, "Its 95 % interval; below 6 runs the range.")
      .field("high", &laws::Level::high, "Its 95 % interval; below 6 runs the range.")
      .field("fastest", &laws::Level::fastest, "The least.")
      .field("speedup", &laws::Level::speedup, "Against the base, paired within rounds.")
      .field("speedup_low", &laws::Level::speedup_low, "Lower end of its interval.")
      .field("speedup_high", &laws::Level::speedup_high, "Upper end of its interval.")
      .field("efficiency", &laws::Level::efficiency, "Speed-up for each worker of the base.")
      .field("core_seconds", &laws::Level::core_seconds, "CPU time, or None if not given.")
      .printed();
  Record<laws::Finding>(m, "Finding", "What to know before believing the numbers.")
      .field("code", &laws::Finding::code, "Stable, such as 'cold-start'.")
      .field("text", &laws::Finding::text, "What was seen.")
      .field("remedy", &laws::Finding::remedy, "What to do about it.")
      .printed();
  Record<laws::Candidate>(m, "Candidate", "A model that was weighed, with its fit.")
      .field("law", &laws::Candidate::law, "Its law.")
      .field("relative_sd", &laws::Candidate::relative_sd, "Of (T - fitted) / fitted.")
      .field("aicc", &laws::Candidate::aicc, "Corrected information criterion; inf: too few runs.")
      .field("leave_one_out", &laws::Candidate::leave_one_out,
             "Mean relative error at an N whose runs are left out.")
      .field("weight", &laws::Candidate::weight, "Its say in forecasts beyond the measured N.")
      .printed()
      .def_prop_ro(
          "model", [](const laws::Candidate& self) { return laws::name_of(self.model); },
          "Its name.");
  Record<laws::Forecast>(m, "Forecast", "What the law says of one N; times in seconds.")
      .field("workers", &laws::Forecast::workers, "N.")
      .field("time", &laws::Forecast::time, "Seconds; if bound, no estimate.")
      .field("low", &laws::Forecast::low, "At least this.")
      .field("high", &laws::Forecast::high, "At most this; if bound, nothing is known of it.")
      .field("speedup", &laws::Forecast::speedup, "T(1) / time by the law.")
      .field("speedup_low", &laws::Forecast::speedup_low, "At least this.")
      .field("speedup_high", &laws::Forecast::speedup_high, "At most this.")
      .field("bound", &laws::Forecast::bound,
             "Past twice the largest measured N: only low and speedup_high are meant.")
      .printed();
  Record<laws::Choice>(m, "Choice", "One number of workers to choose.")
      .field("workers", &laws::Choice::workers, "N.")
      .field("workers_low", &laws::Choice::workers_low, "Lower end of its 95 % interval.")
      .field("workers_high", &laws::Choice::workers_high, "Upper end of its 95 % interval.")
      .field("time", &laws::Choice::time, "Seconds, by the law.")
      .field("cost", &laws::Choice::cost, "Money with a price, else core-seconds.")
      .field("hour_value", &laws::Choice::hour_value,
             "What an hour of waiting must be worth for this to be best; None if it never is.")
      .printed();
  Record<laws::Choices>(m, "Choices", "Numbers of workers worth choosing.")
      .field("fastest", &laws::Choices::fastest, "The least time.")
      .field("cheapest", &laws::Choices::cheapest, "The least money, or core-seconds.")
      .field("knee", &laws::Choices::knee, "The most efficiency a second (Eager 1989).")
      .field("half_efficiency", &laws::Choices::half_efficiency, "The largest at 50 % or more.")
      .field("best", &laws::Choices::best, "At the price's hour_value; None without one.")
      .field("searched", &laws::Choices::searched, "Up to this N: twice the largest measured.")
      .printed();
}

}  // namespace payoff::python
