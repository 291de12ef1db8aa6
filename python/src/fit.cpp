// python/src/fit.cpp: runs in, payoff.Fit out: the law that fits them, and every form of the answer
#include <cmath>
#include <stdexcept>
#include <utility>

#include "ending.hpp"
#include "laws.hpp"
#include "payoff/laws.hpp"
#include "record.hpp"
#include "report/scaling.hpp"
#include "text/format.hpp"

namespace payoff::python {
namespace nb = nanobind;
using namespace nb::literals;
namespace {

// What Python holds: the fit, and what its numbers are.
struct Fitted {
  laws::Fit fit;
  report::Measured measured = report::Measured::seconds;
};

[[noreturn]] void refuse(const std::string& message) { throw nb::value_error(message.c_str()); }

constexpr laws::Model kModels[] = {laws::Model::linear, laws::Model::amdahl, laws::Model::startup,
                                   laws::Model::usl, laws::Model::overhead};

laws::Model model_named(const std::string& name) {
  std::string known;
  for (const laws::Model model : kModels) {
    if (name == laws::name_of(model)) return model;
    known += (known.empty() ? "" : ", ") + std::string(laws::name_of(model));
  }
  refuse(text::format("model='{}' is unknown; use one of {}", name, known));
}

// The library says what happened and, on a second line, what to do.
std::string on_one_line(std::string message) {
  if (const auto at = message.find('\n'); at != std::string::npos) message.replace(at, 1, "; ");
  return message;
}

Fitted fit(const std::vector<double>& workers, const std::vector<double>& times,
           const std::optional<std::vector<double>>& cpu,
           const std::optional<std::vector<int>>& rounds,
           const std::optional<std::vector<std::string>>& placements,
           const std::optional<std::string>& model, std::optional<double> cores,
           std::optional<double> quota, const std::string& measured) {
  std::vector<laws::Sample> samples(workers.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i].workers = workers[i];
    samples[i].time = seconds(times.at(i));
    if (cpu) samples[i].cpu = seconds(cpu->at(i));
    if (rounds) samples[i].round = rounds->at(i);
    if (placements) samples[i].placement = placements->at(i);
  }
  laws::Options options;
  if (model) options.model = model_named(*model);
  if (cores) options.machine.cores = *cores;
  if (quota) options.machine.quota = *quota;
  try {
    const WithoutGil others_may_go_on;
    return {laws::fit(samples, options),
            measured == "throughput" ? report::Measured::throughput : report::Measured::seconds};
  } catch (const std::invalid_argument& error) {
    refuse(on_one_line(error.what()));
  }
}

double checked_workers(double n) {
  if (!(n >= 1) || !std::isfinite(n)) refuse(text::format("n={} must be 1 worker or more", n));
  return n;
}

report::Scaling scaling_of(const Fitted& self, const laws::Price* price) {
  report::Scaling scaling = report::scaling_of(self.fit, price != nullptr ? *price : laws::Price{});
  const double least = self.fit.levels.front().workers;
  const bool throughput = self.measured == report::Measured::throughput;
  scaling.measured = self.measured;
  scaling.subject = text::format("payoff.fit, {} by n", throughput ? "throughput" : "time");
  scaling.base =
      least == 1
          ? "one worker (n = 1)"
          : text::format("the smallest n measured, {:g} (one worker was not measured)", least);
  return scaling;
}

std::string text(const Fitted& self, const laws::Price* price) {
  std::string all = report::scaling_text(scaling_of(self, price), report::Terminal{.columns = 100});
  while (!all.empty() && all.back() == '\n') all.pop_back();  // the caller's print ends the line
  return all;
}

std::string escaped(const std::string& plain) {
  std::string out;
  for (const char c : plain) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
  }
  return out;
}

// In a notebook: the picture as it is inside the page (without the declaration that a file of its
// own begins with), and the answer below it.
std::string notebook(const Fitted& self) {
  const std::string svg = report::scaling_svg(scaling_of(self, nullptr));
  const auto begin = svg.find("<svg");
  return "<div class=\"payoff-fit\">\n" + (begin == std::string::npos ? svg : svg.substr(begin)) +
         "<pre>" + escaped(text(self, nullptr)) + "</pre>\n</div>";
}

// The named results of a fit, in the order of its dict `estimates`.
struct Named {
  const char* name;
  laws::Estimate laws::Fit::*member;
  const char* doc;
};
constexpr Named kEstimates[] = {
    {"serial", &laws::Fit::serial, "Seconds that no worker can share."},
    {"startup", &laws::Fit::startup, "Seconds paid once, as soon as there are workers."},
    {"parallel", &laws::Fit::parallel, "Seconds that N workers share."},
    {"per_worker", &laws::Fit::per_worker, "Seconds that each further worker adds."},
    {"sigma", &laws::Fit::sigma, "serial / T(1)."},
    {"kappa", &laws::Fit::kappa, "per_worker / T(1)."},
    {"gamma", &laws::Fit::gamma, "1 / T(1)."},
    {"limit", &laws::Fit::limit, "The speed-up that no N exceeds."},
    {"fastest", &laws::Fit::fastest, "The N of the least time."},
    {"knee", &laws::Fit::knee, "The N of the most efficiency a second (Eager 1989)."}};

nb::dict estimates(const Fitted& self) {
  nb::dict all;
  for (const Named& result : kEstimates) all[result.name] = self.fit.*result.member;
  return all;
}

laws::Estimate interval_of(const Fitted& self, const nb::callable& derived) {
  return laws::interval_of(self.fit, [&](const laws::Law& law) {
    return nb::cast<double>(derived(law));  // a copy: users may keep it
  });
}

void add_results(nb::class_<Fitted>& type) {
  for (const Named& result : kEstimates) {
    type.def_prop_ro(
        result.name, [member = result.member](const Fitted& self) { return self.fit.*member; },
        result.doc);
  }
  const auto part = [&](const char* name, auto member, const char* doc) {
    type.def_prop_ro(
        name, [member](const Fitted& self) { return self.fit.*member; }, doc);
  };
  part("law", &laws::Fit::law, "The Law that was chosen.");
  part("candidates", &laws::Fit::candidates, "All that were weighed, the chosen one first.");
  part("levels", &laws::Fit::levels, "What was measured at each N, ascending.");
  part("findings", &laws::Fit::findings, "What to know before believing the numbers.");
  part("relative_sd", &laws::Fit::relative_sd, "Of the residuals, relative to the law.");
  part("degrees_of_freedom", &laws::Fit::degrees_of_freedom, "Runs less coefficients.");
  part("lack_of_fit", &laws::Fit::lack_of_fit, "p-value against the repeats; None without any.");
  part("largest_measured", &laws::Fit::largest_measured, "N.");
  type.def_prop_ro(
      "model", [](const Fitted& self) { return laws::name_of(self.fit.model); },
      "Name of the model that was chosen.");
  type.def_prop_ro("estimates", &estimates,
                   "Every named number with its 95 % interval, as a dict.");
  type.def(
      "predict",
      [](const Fitted& self, double n) { return laws::predict(self.fit, checked_workers(n)); },
      "n"_a,
      "What the law says of n workers, a Forecast with its 95 % interval.\n\n"
      "Past the largest measured N it carries a further 35 %, past twice that it is a bound.");
  type.def("interval_of", &interval_of, "derived"_a,
           "The 95 % interval of anything that follows from the law: derived(Law) -> float.");
  type.def(
      "choose",
      [](const Fitted& self, const laws::Price* price) {
        return laws::choose(self.fit, price != nullptr ? *price : laws::Price{});
      },
      "price"_a = nb::none(),
      "Choices: fastest, cheapest, knee, half_efficiency, and best at the price's hour_value.\n\n"
      "Costs are money with a Price, core-seconds without.");
}

}  // namespace

void add_fit(nb::module_& m) {
  add_fit_parts(m);
  auto type = nb::class_<Fitted>(m, "Fit", "A scaling law fitted to runs; made by payoff.fit.");
  add_results(type);
  const auto form = [&](const char* name, auto render, const char* doc) {
    type.def(
        name,
        [render](const Fitted& self, const laws::Price* price) {
          return render(scaling_of(self, price));
        },
        "price"_a = nb::none(), doc);
  };
  form("to_json", &report::scaling_json, "The answer for programs, with a schema number.");
  form("to_csv", &report::scaling_csv, "The table of the answer.");
  form("to_html", &report::scaling_html, "The answer as a page of its own, without scripts.");
  type.def("text", &text, "price"_a = nb::none(), "The answer as print shows it.");
  type.def(
      "svg", [](const Fitted& self) { return report::scaling_svg(scaling_of(self, nullptr)); },
      "The answer as a picture.");
  type.def("_repr_html_", &notebook);
  type.def("__str__", [](const Fitted& self) { return text(self, nullptr); });
  type.def("__repr__", [](const Fitted& self) { return text(self, nullptr); });

  m.def("fit", &fit, "workers"_a, "times"_a, "cpu"_a.none(), "rounds"_a.none(),
        "placements"_a.none(), "model"_a.none(), "cores"_a.none(), "quota"_a.none(), "measured"_a);
  m.def("reach", [](double now, double want, const Fitted& shape, double code_gain, double cores) {
    return laws::reach({seconds(now), seconds(want), code_gain, cores}, shape.fit);
  });
  m.def("reach",
        [](double now, double want, const laws::Law& shape, double code_gain, double cores) {
          return laws::reach({seconds(now), seconds(want), code_gain, cores}, shape);
        });
}

}  // namespace payoff::python
