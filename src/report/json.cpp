// src/report/json.cpp: the receipt as JSON, for programs
#include "report/json.hpp"

#include <nlohmann/json.hpp>

namespace payoff::report {
namespace {

using object = nlohmann::ordered_json;

object buckets_of(const Buckets& b) {
  return {{"compute", b.compute.count()},
          {"before", b.before.count()},
          {"measure", b.measure.count()},
          {"start", b.start.count()},
          {"encode", b.encode.count()},
          {"decode", b.decode.count()},
          {"wait", b.wait.count()},
          {"imbalance", b.imbalance.count()},
          {"failed_trials", b.failed_trials.count()},
          {"unexplained", b.unexplained.count()}};
}

object item_of(const ItemCost& cost) {
  return {{"mean", cost.mean.count()},
          {"median", cost.median.count()},
          {"p99", cost.p99.count()},
          {"longest", cost.longest.count()},
          {"cpu_share", cost.cpu_share}};
}

object law_of(const laws::Law& law) {
  return {{"serial", law.serial.count()},
          {"startup", law.startup.count()},
          {"parallel", law.parallel.count()},
          {"per_worker", law.per_worker.count()}};
}

object entry_of(const Prediction& p) {
  return {{"workers", p.workers},   {"wall", p.wall.count()}, {"low", p.low.count()},
          {"high", p.high.count()}, {"speedup", p.speedup},   {"bound", p.bound}};
}

object entry_of(const Decision& d) {
  return {{"at", d.at.count()},
          {"workers", d.workers},
          {"price", d.price.count()},
          {"predicted", d.predicted.count()},
          {"why", d.why}};
}

object entry_of(const WorkerAccount& a) {
  return {{"id", a.id},
          {"items", a.items},
          {"lifetime", a.lifetime.count()},
          {"compute", a.compute.count()},
          {"encode", a.encode.count()},
          {"cpu", a.cpu.count()},
          {"private_bytes", a.private_bytes}};
}

template <class Entries>
object list_of(const Entries& entries) {
  object list = object::array();
  for (const auto& entry : entries) list.push_back(entry_of(entry));
  return list;
}

}  // namespace

std::string json(const Receipt& r) {
  object out;
  out["schema"] = Receipt::schema;
  out["function"] = r.function;
  out["items"] = r.items;
  out["backend"] = r.backend;
  out["workers"] = r.workers;
  out["usable_cpus"] = r.usable_cpus;
  out["reason"] = r.reason;
  out["wall"] = r.wall.count();
  out["core_seconds"] = r.core_seconds.count();
  out["loop"] = r.loop.count();
  out["loop_low"] = r.loop_low.count();
  out["loop_high"] = r.loop_high.count();
  out["predicted"] = r.predicted ? object(r.predicted->count()) : object(nullptr);
  out["speedup"] = r.speedup();
  out["buckets"] = buckets_of(r.buckets);
  out["item"] = item_of(r.item);
  out["law"] = law_of(r.law);
  out["predictions"] = list_of(r.predictions);
  out["decisions"] = list_of(r.decisions);
  out["accounts"] = list_of(r.accounts);
  out["bytes_out"] = r.bytes_out;
  out["memory_added"] = r.memory_added;
  out["caller_faults"] = r.caller_faults;
  out["notes"] = r.notes;
  // Names come from users: bytes that are not UTF-8 must not cost them the receipt.
  return out.dump(2, ' ', false, object::error_handler_t::replace);
}

}  // namespace payoff::report
