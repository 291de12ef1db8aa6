// python/src/receipt.cpp: payoff.Receipt, read-only, times as float seconds
#include "receipt.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "payoff/receipt.hpp"
#include "report/html.hpp"
#include "report/json.hpp"
#include "report/text.hpp"

namespace payoff::python {
namespace nb = nanobind;
namespace {

template <auto Member>
auto in_seconds() {
  return [](const Receipt& r) { return (r.*Member).count(); };
}

nb::dict buckets(const Receipt& r) {
  const Buckets& b = r.buckets;
  nb::dict d;
  d["compute"] = b.compute.count();
  d["before"] = b.before.count();
  d["measure"] = b.measure.count();
  d["start"] = b.start.count();
  d["encode"] = b.encode.count();
  d["decode"] = b.decode.count();
  d["wait"] = b.wait.count();
  d["imbalance"] = b.imbalance.count();
  d["failed_trials"] = b.failed_trials.count();
  d["unexplained"] = b.unexplained.count();
  return d;
}

nb::dict item(const Receipt& r) {
  nb::dict d;
  d["mean"] = r.item.mean.count();
  d["median"] = r.item.median.count();
  d["p99"] = r.item.p99.count();
  d["longest"] = r.item.longest.count();
  d["cpu_share"] = r.item.cpu_share;
  return d;
}

nb::dict law(const Receipt& r) {
  nb::dict d;
  d["serial"] = r.law.serial.count();
  d["startup"] = r.law.startup.count();
  d["parallel"] = r.law.parallel.count();
  d["per_worker"] = r.law.per_worker.count();
  return d;
}

nb::list decisions(const Receipt& r) {
  nb::list list;
  for (const auto& x : r.decisions) {
    nb::dict d;
    d["at"] = x.at.count();
    d["workers"] = x.workers;
    d["price"] = x.price.count();
    d["predicted"] = x.predicted.count();
    d["why"] = x.why;
    list.append(d);
  }
  return list;
}

nb::list predictions(const Receipt& r) {
  nb::list list;
  for (const auto& x : r.predictions) {
    nb::dict d;
    d["workers"] = x.workers;
    d["wall"] = x.wall.count();
    d["low"] = x.low.count();
    d["high"] = x.high.count();
    d["speedup"] = x.speedup;
    d["bound"] = x.bound;
    list.append(d);
  }
  return list;
}

nb::list accounts(const Receipt& r) {
  nb::list list;
  for (const auto& x : r.accounts) {
    nb::dict d;
    d["id"] = x.id;
    d["items"] = x.items;
    d["lifetime"] = x.lifetime.count();
    d["compute"] = x.compute.count();
    d["encode"] = x.encode.count();
    d["cpu"] = x.cpu.count();
    d["private_bytes"] = x.private_bytes;
    list.append(d);
  }
  return list;
}

}  // namespace

void bind_receipt(nb::module_& m) {
  nb::class_<Receipt>(m, "Receipt")
      .def_ro("function", &Receipt::function)
      .def_ro("items", &Receipt::items)
      .def_ro("backend", &Receipt::backend)
      .def_ro("workers", &Receipt::workers)
      .def_ro("usable_cpus", &Receipt::usable_cpus)
      .def_ro("reason", &Receipt::reason)
      .def_prop_ro("wall", in_seconds<&Receipt::wall>())
      .def_prop_ro("core_seconds", in_seconds<&Receipt::core_seconds>())
      .def_prop_ro("loop", in_seconds<&Receipt::loop>())
      .def_prop_ro("loop_low", in_seconds<&Receipt::loop_low>())
      .def_prop_ro("loop_high", in_seconds<&Receipt::loop_high>())
      .def_prop_ro("predicted",
                   [](const Receipt& r) {
                     return r.predicted ? nb::object(nb::float_(r.predicted->count())) : nb::none();
                   })
      .def_prop_ro("speedup", &Receipt::speedup)
      .def_prop_ro("buckets", &buckets)
      .def_prop_ro("item", &item)
      .def_prop_ro("law", &law)
      .def_prop_ro("predictions", &predictions)
      .def_prop_ro("decisions", &decisions)
      .def_prop_ro("accounts", &accounts)
      .def_ro("bytes_out", &Receipt::bytes_out)
      .def_ro("memory_added", &Receipt::memory_added)
      .def_ro("caller_faults", &Receipt::caller_faults)
      .def_ro("notes", &Receipt::notes)
      .def("to_json", [](const Receipt& r) { return report::json(r); })
      .def("_repr_html_", [](const Receipt& r) { return report::html(r); })
      .def("__str__", [](const Receipt& r) { return report::text(r); })
      .def("__repr__", [](const Receipt& r) { return report::text(r); });
}

}  // namespace payoff::python
