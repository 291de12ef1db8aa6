// python/src/laws.cpp: the law, prices and goals, and the named functions of payoff.laws
#include "laws.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "payoff/laws.hpp"
#include "record.hpp"
#include "text/format.hpp"

namespace payoff::python {
namespace nb = nanobind;
using namespace nb::literals;
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

[[noreturn]] void refuse(const std::string& message) { throw nb::value_error(message.c_str()); }

void expect_zero_or_more(const char* name, double value) {
  if (!(value >= 0) || !std::isfinite(value))
    refuse(text::format("{}={} must be 0 or more", name, value));
}

void new_law(laws::Law* self, double serial, double startup, double parallel, double per_worker) {
  const std::pair<const char*, double> terms[] = {
      {"serial", serial}, {"startup", startup}, {"parallel", parallel}, {"per_worker", per_worker}};
  for (const auto& [name, value] : terms) expect_zero_or_more(name, value);
  if (!(serial + parallel > 0))
    refuse("serial + parallel is the time on one worker, and must be above 0 seconds");
  new (self) laws::Law{seconds(serial), seconds(startup), seconds(parallel), seconds(per_worker)};
}

void new_price(laws::Price* self, double per_core_hour, double fixed_per_hour, double hour_value,
               double minimum, double granularity, std::string currency, std::string date) {
  const std::pair<const char*, double> amounts[] = {{"per_core_hour", per_core_hour},
                                                    {"fixed_per_hour", fixed_per_hour},
                                                    {"hour_value", hour_value},
                                                    {"minimum", minimum},
                                                    {"granularity", granularity}};
  for (const auto& [name, value] : amounts) expect_zero_or_more(name, value);
  new (self) laws::Price{.per_core_hour = per_core_hour,
                         .fixed_per_hour = fixed_per_hour,
                         .hour_value = hour_value,
                         .minimum = seconds(minimum),
                         .granularity = seconds(granularity),
                         .currency = std::move(currency),
                         .date = std::move(date)};
}

void add_classes(nb::module_& m) {
  Record<laws::Law>(
      m, "Law",
      "T(N) = serial + startup [N > 1] + parallel / E(N) + per_worker (N - 1), in seconds.\n\n"
      "All terms are 0 or more and T(1) = serial + parallel is above 0. startup = per_worker = 0\n"
      "is Amdahl's law, startup = 0 the Universal Scalability Law. Raises ValueError otherwise.")
      .field("serial", &laws::Law::serial, "Seconds that no worker can share.")
      .field("startup", &laws::Law::startup, "Seconds paid once, as soon as there are workers.")
      .field("parallel", &laws::Law::parallel, "Seconds that N workers share.")
      .field("per_worker", &laws::Law::per_worker, "Seconds that each further worker adds.")
      .printed()
      .def("__init__", &new_law, nb::kw_only(), "serial"_a = 0.0, "startup"_a = 0.0,
           "parallel"_a = 0.0, "per_worker"_a = 0.0)
      .def_prop_ro(
          "s", [](const laws::Law& law) { return law.serial.count(); }, "serial")
      .def_prop_ro(
          "u", [](const laws::Law& law) { return law.startup.count(); }, "startup")
      .def_prop_ro(
          "p", [](const laws::Law& law) { return law.parallel.count(); }, "parallel")
      .def_prop_ro(
          "c", [](const laws::Law& law) { return law.per_worker.count(); }, "per_worker")
      .def_prop_ro("sigma", &laws::Law::sigma, "serial / T(1), the USL's contention.")
      .def_prop_ro("kappa", &laws::Law::kappa, "per_worker / T(1), the USL's coherency.")
      .def_prop_ro("gamma", &laws::Law::gamma, "1 / T(1), the USL's throughput of one worker.")
      .def(
          "at",
          [](const laws::Law& law, double n, double cores, double smt_yield, double quota) {
            return law.at(n, {.cores = cores, .smt_yield = smt_yield, .quota = quota}).count();
          },
          "n"_a, nb::kw_only(), "cores"_a = kInfinite, "smt_yield"_a = 0.2, "quota"_a = kInfinite,
          "Seconds on n workers; n may be any number from 1 on.\n\n"
          "cores, smt_yield and quota are the machine's: E(n) is n up to the physical cores, then\n"
          "smt_yield more a worker, and never above the quota of CPUs.");

  Record<laws::Price>(
      m, "Price",
      "What computing costs: yours, as no price is compiled in. Raises ValueError if negative.\n\n"
      "per_core_hour: money for a core (or a vCPU, if your workers are vCPUs) and hour.\n"
      "fixed_per_hour: money for an hour of whatever is paid for however many workers there are.\n"
      "hour_value: money that an hour of waiting is worth to whoever waits.\n"
      "minimum, granularity: seconds that are billed at least, and in steps of.\n"
      "currency, date: shown beside every amount.")
      .field("per_core_hour", &laws::Price::per_core_hour, "Money for a core and hour.")
      .field("fixed_per_hour", &laws::Price::fixed_per_hour, "Money for an hour, whatever N.")
      .field("hour_value", &laws::Price::hour_value, "Money that an hour of waiting is worth.")
      .field("minimum", &laws::Price::minimum, "Seconds billed at least.")
      .field("granularity", &laws::Price::granularity, "Seconds of a billing step.")
      .field("currency", &laws::Price::currency, "Its name.")
      .field("date", &laws::Price::date, "Of the price, as given.")
      .printed()
      .def("__init__", &new_price, nb::kw_only(), "per_core_hour"_a = 0.0, "fixed_per_hour"_a = 0.0,
           "hour_value"_a = 0.0, "minimum"_a = 0.0, "granularity"_a = 0.0, "currency"_a = "USD",
           "date"_a = "")
      .def(
          "cost",
          [](const laws::Price& price, double n, double time) {
            return laws::cost(price, n, seconds(time));
          },
          "n"_a, "time"_a, "Money for one run of `time` seconds on n cores, without the waiting.");

  Record<laws::Reach>(m, "Reach", "Can better code times more workers reach a wanted time?")
      .field("needed", &laws::Reach::needed, "now / want.")
      .field("by_code", &laws::Reach::by_code, "What the code is to bring.")
      .field("by_workers", &laws::Reach::by_workers, "What is left for the workers to bring.")
      .field("limit", &laws::Reach::limit, "What workers can bring at most, by the law.")
      .field("workers", &laws::Reach::workers, "The least N that reaches it, or None.")
      .field("workers_low", &laws::Reach::workers_low, "Lower end of its 95 % interval, or None.")
      .field("workers_high", &laws::Reach::workers_high, "Upper end, or None: never, perhaps.")
      .field("best", &laws::Reach::best, "The best time that can be had, in seconds.")
      .field("best_workers", &laws::Reach::best_workers, "And on how many workers.")
      .field("serial_share_needed", &laws::Reach::serial_share_needed,
             "The serial share that would reach it, all else equal; None if none would.")
      .field("code_gain_needed", &laws::Reach::code_gain_needed,
             "How many times faster the code would have to be instead; None if that cannot do it.")
      .printed();
}

void add_functions(nb::module_& m) {
  m.def("amdahl", &laws::amdahl);
  m.def("gustafson", &laws::gustafson);
  m.def("usl", &laws::usl);
  m.def("karp_flatt", nb::overload_cast<double, double>(&laws::karp_flatt));
  m.def("karp_flatt_parts", [](const laws::Law& law, double n) {
    const laws::KarpFlattParts parts = laws::karp_flatt(law, n);
    return nb::make_tuple(parts.serial, parts.startup, parts.per_worker);
  });
  m.def("fastest", &laws::fastest);
  m.def("speedup_limit", &laws::speedup_limit);
  m.def("eager_knee", &laws::eager_knee);
  m.def("largest_efficient", &laws::largest_efficient);
  m.def("isoefficient_items", [](const laws::Law& law, double item, double n, double efficiency) {
    return laws::isoefficient_items(law, seconds(item), n, efficiency);
  });
  m.def("brent", [](double work, double span, double n) {
    const laws::BrentBound bound = laws::brent(seconds(work), seconds(span), n);
    return nb::make_tuple(bound.low.count(), bound.high.count());
  });
}

}  // namespace

void add_law(nb::module_& m) {
  add_classes(m);
  add_functions(m);
}

void bind_laws(nb::module_& m) {
  m.def("add_laws", [] {
    static bool added = false;
    if (std::exchange(added, true)) return;
    nb::module_ core = nb::module_::import_("payoff._core");
    add_law(core);
    add_fit(core);
  });
}

}  // namespace payoff::python
