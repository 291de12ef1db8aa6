// src/report/scaling_json.cpp: the scaling answer as JSON, for programs
//
// Times are seconds; what is infinite or unknown is null. Within one schema version keys are only
// ever added.
#include <nlohmann/json.hpp>

#include "report/scaling.hpp"
#include "report/scaling_words.hpp"

namespace payoff::report {
namespace {

using object = nlohmann::ordered_json;

// On its bound a coefficient was not estimated: only "high" says something.
object interval_of(const laws::Estimate& e) {
  return {{"low", e.low}, {"high", e.high}, {"on_bound", e.on_bound}};
}

object estimate_of(const laws::Estimate& e) {
  return {{"value", e.value}, {"low", e.low}, {"high", e.high}, {"on_bound", e.on_bound}};
}

object level_of(const laws::Level& level) {
  object out = {{"n", level.workers},
                {"runs", level.runs},
                {"median", level.median.count()},
                {"low", level.low.count()},
                {"high", level.high.count()},
                {"fastest", level.fastest.count()},
                {"speedup", level.speedup},
                {"speedup_low", level.speedup_low},
                {"speedup_high", level.speedup_high},
                {"efficiency", level.efficiency},
                {"cpu_seconds", nullptr}};
  if (level.core_seconds) out["cpu_seconds"] = level.core_seconds->count();
  return out;
}

object forecast_of(const laws::Forecast& forecast) {
  object out = {{"n", forecast.workers},
                {"time", nullptr},
                {"low", forecast.low.count()},
                {"high", nullptr},
                {"speedup", nullptr},
                {"speedup_low", nullptr},
                {"speedup_high", forecast.speedup_high},
                {"bound", forecast.bound}};
  if (forecast.bound) return out;  // too far: all that is known is how fast it cannot be
  out["time"] = forecast.time.count();
  out["high"] = forecast.high.count();
  out["speedup"] = forecast.speedup;
  out["speedup_low"] = forecast.speedup_low;
  return out;
}

object choice_of(const laws::Choice& choice) {
  object out = {{"n", choice.workers},           {"n_low", choice.workers_low},
                {"n_high", choice.workers_high}, {"time", choice.time.count()},
                {"cost", choice.cost},           {"hour_value", nullptr}};
  if (choice.hour_value) out["hour_value"] = *choice.hour_value;
  return out;
}

object candidate_of(const laws::Candidate& candidate, const Scaling& s) {
  object predictions = object::array();
  for (const laws::Forecast& forecast : s.forecasts) {
    if (forecast.bound) continue;
    predictions.push_back(
        {{"n", forecast.workers},
         {"time", laws::predict(candidate, s.fit.machine, forecast.workers).count()}});
  }
  return {{"law", laws::name_of(candidate.model)},
          {"s", candidate.law.serial.count()},
          {"u", candidate.law.startup.count()},
          {"p", candidate.law.parallel.count()},
          {"c", candidate.law.per_worker.count()},
          {"relative_sd", candidate.relative_sd},
          {"aicc", candidate.aicc},
          {"leave_one_out", candidate.leave_one_out},
          {"predictions", predictions}};
}

object price_of(const Scaling& s) {
  if (!s.price.given()) return nullptr;
  object out = {{"amount", s.price.per_core_hour},
                {"per", s.price_per},
                {"currency", s.price.currency},
                {"date", nullptr},
                {"fixed_per_hour", s.price.fixed_per_hour},
                {"hour_value", s.price.hour_value},
                {"minimum_seconds", s.price.minimum.count()},
                {"granularity_seconds", s.price.granularity.count()}};
  if (!s.price.date.empty()) out["date"] = s.price.date;
  return out;
}

template <class Entries, class Make>
object list_of(const Entries& entries, Make make) {
  object list = object::array();
  for (const auto& entry : entries) list.push_back(make(entry));
  return list;
}

}  // namespace

std::string scaling_json(const Scaling& s) {
  const laws::Fit& fit = s.fit;
  object out;
  out["schema"] = 1;
  out["law"] = laws::name_of(fit.model);
  out["coefficients"] = {{"s", fit.serial.value},    {"u", fit.startup.value},
                         {"p", fit.parallel.value},  {"c", fit.per_worker.value},
                         {"sigma", fit.sigma.value}, {"kappa", fit.kappa.value},
                         {"gamma", fit.gamma.value}};
  out["intervals"] = {{"s", interval_of(fit.serial)},    {"u", interval_of(fit.startup)},
                      {"p", interval_of(fit.parallel)},  {"c", interval_of(fit.per_worker)},
                      {"sigma", interval_of(fit.sigma)}, {"kappa", interval_of(fit.kappa)},
                      {"gamma", interval_of(fit.gamma)}};
  out["findings"] = list_of(fit.findings, [](const laws::Finding& finding) {
    return object{{"code", finding.code}, {"text", finding.text}, {"try", finding.remedy}};
  });
  out["predictions"] = list_of(s.forecasts, forecast_of);

  out["answer"] = headline(s);
  out["subject"] = s.subject;
  out["base"] = s.base;
  out["measured"] = s.measured == Measured::seconds ? "time" : "throughput";
  out["levels"] = list_of(fit.levels, level_of);
  out["limit"] = estimate_of(fit.limit);
  out["fastest"] = estimate_of(fit.fastest);
  out["knee"] = estimate_of(fit.knee);
  out["relative_sd"] = fit.relative_sd;
  out["degrees_of_freedom"] = fit.degrees_of_freedom;
  out["lack_of_fit"] = nullptr;
  if (fit.lack_of_fit) out["lack_of_fit"] = *fit.lack_of_fit;
  out["choices"] = nullptr;
  if (s.choices) {
    out["choices"] = {{"fastest", choice_of(s.choices->fastest)},
                      {"cheapest", choice_of(s.choices->cheapest)},
                      {"knee", choice_of(s.choices->knee)},
                      {"half_efficiency", choice_of(s.choices->half_efficiency)},
                      {"best", nullptr},
                      {"searched", s.choices->searched}};
    if (s.choices->best) out["choices"]["best"] = choice_of(*s.choices->best);
  }
  out["price"] = price_of(s);
  out["candidates"] =
      list_of(fit.candidates, [&](const laws::Candidate& c) { return candidate_of(c, s); });
  out["notes"] = s.notes;
  // Names come from users: bytes that are not UTF-8 must not cost them the answer.
  return out.dump(2, ' ', false, object::error_handler_t::replace) + "\n";
}

}  // namespace payoff::report
