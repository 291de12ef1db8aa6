// src/report/text.cpp: the receipt as text, and the sentences it is made of
#include "report/text.hpp"

#include <algorithm>
#include <cmath>

#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::report {
namespace {

constexpr int page = 100;  // columns
constexpr int bar_columns = 20;
constexpr int label_columns = 14;

bool inline_loop(const Receipt& r) { return r.backend == "inline" || r.workers <= 1; }

int workers_of(const Receipt& r) { return std::max(r.workers, 1); }

// "1.87x faster", "1.12x slower", "as fast": below 2 % no one should read a direction into it.
std::string speed_words(double speedup) {
  if (!(speedup > 0) || !std::isfinite(speedup)) return "";
  if (std::abs(speedup - 1) < 0.02) return "as fast";
  return speedup > 1 ? factor_text(speedup) + " faster" : factor_text(1 / speedup) + " slower";
}

std::string interval_words(seconds low, seconds high) {
  return text::format("{} to {}", time_like(low, high), time_text(high));
}

// Prediction beside outcome, from the unrounded values.
std::string outcome_words(seconds predicted, seconds wall) {
  if (!known(predicted) || !known(wall)) return "";
  const double off = wall / predicted - 1;
  if (std::abs(off) < 0.005) return "it took just that";
  return text::format("it took {} {}", percent_text(std::abs(off)), off > 0 ? "longer" : "less");
}

std::string waiting_words(double cpu_share) {
  if (!std::isfinite(cpu_share)) return "";
  if (cpu_share >= 0.95) return "; CPU-bound";
  return text::format("; {} ({:.0f} % CPU)", cpu_share < 0.5 ? "mostly waiting" : "CPU-bound",
                      std::max(cpu_share, 0.0) * 100);
}

Fact item_fact(const Receipt& r) {
  const ItemCost& cost = r.item;
  const std::string mean = time_text(cost.mean), longest = time_text(cost.longest);
  std::string sentence = mean;
  if (r.items > 1 && detail_of(r) == Detail::brief) {
    sentence = text::format("mean {}, longest {}", mean, longest);
  } else if (r.items > 1) {
    sentence = text::format("mean {}, median {}, 99 % below {}, longest {}", mean,
                            time_text(cost.median), time_text(cost.p99), longest);
  }
  return {"one item", sentence + waiting_words(cost.cpu_share)};
}

// The speed-up over the plain loop that no number of workers exceeds by this law, 0 if there is no
// limit.
double limit_of(const Receipt& r) {
  const laws::Law law{.serial = clamped(r.law.serial),
                      .startup = clamped(r.law.startup),
                      .parallel = clamped(r.law.parallel),
                      .per_worker = clamped(r.law.per_worker)};
  if (!known(law.base()) || !known(r.loop)) return 0;
  const double limit = laws::speedup_limit(law) * (r.loop / law.base());
  return std::isfinite(limit) ? limit : 0;
}

// A coefficient on its bound (zero) is not an estimate, so it is told as "none seen".
Fact law_fact(const Receipt& r) {
  const laws::Law& law = r.law;
  // Paid once, by one worker or by many: no number of workers makes it less.
  const seconds stays = clamped(law.serial) + clamped(law.startup);
  std::string sentence =
      known(stays) ? text::format("{} stay serial", time_text(stays)) : "no serial part seen";
  sentence += known(law.per_worker)
                  ? text::format("; each further worker costs {}", time_text(law.per_worker))
                  : "; no cost seen for a worker";
  const double limit = limit_of(r);
  if (limit > 1.02) sentence += text::format("; {} at best", factor_text(limit));
  return {"more workers", sentence};
}

std::string held_text(double held) {
  if (held < 0.1) return text::format("{:.2g}", held);
  if (held < 1000) return text::format("{:.{}f}", held, held < 10 ? 2 : 1);
  return held < 1e15 ? count_text(std::llround(held)) : text::format("{:.2g}", held);
}

Fact prediction_fact(const Receipt& r, const Prediction& p) {
  const std::string cost =
      text::format("{} and {} {}-seconds", time_text(p.wall), held_text(p.wall.count() * p.workers),
                   r.item.cpu_share < 0.5 ? "worker" : "core");
  std::string sentence = speed_words(p.speedup);
  if (p.bound) {
    sentence = p.speedup < 1.02 ? text::format("no faster than the loop: {}, or more", cost)
                                : text::format("at most {}: {}, or more", sentence, cost);
  } else {
    if (known(p.low) && known(p.high) && known(r.loop)) {
      sentence +=
          text::format(" ({} to {})", factor_text(r.loop / p.high), factor_text(r.loop / p.low));
    }
    sentence += (sentence.empty() ? "" : ": ") + cost;
  }
  return {text::format("  with {}", count_text(p.workers)), sentence};
}

std::string memory_sentence(const Receipt& r) {
  std::string sentence;
  const auto add = [&](const std::string& part) {
    sentence += (sentence.empty() ? "" : ", ") + part;
  };
  if (r.bytes_out > 0) add("results " + bytes_text(r.bytes_out));
  if (r.memory_added > 0) add("workers added " + bytes_text(r.memory_added));
  if (r.caller_faults > 0) add(plural(r.caller_faults, "page fault") + " in the caller");
  return sentence;
}

// Appends `sentence` behind `lead`, wrapped to the page and hanging below its own beginning.
void add_wrapped(std::string& out, const std::string& lead, std::string_view sentence) {
  const int room = page - width_of(lead);
  std::string line = lead;
  int used = 0;
  const auto break_line = [&] {
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    line.assign(static_cast<std::size_t>(width_of(lead)), ' ');
    used = 0;
  };
  while (!sentence.empty()) {
    std::string_view word = sentence.substr(0, std::min(sentence.find(' '), sentence.size()));
    if (used > 0 && used + width_of(word) > room) break_line();
    word = take(word, room);  // a word longer than a line is cut: the page's width is a promise
    line += word;
    used += width_of(word);
    sentence.remove_prefix(word.size());
    if (!sentence.empty() && sentence.front() == ' ') {
      line += ' ', ++used;
      sentence.remove_prefix(1);
    } else if (!sentence.empty()) {
      break_line();
    }
  }
  break_line();
}

// Right-aligned times line up their digits when "s" is as wide as "ms".
std::string in_column(const std::string& time) {
  return time.size() < 8 && time.ends_with(" s") ? time + " " : time;
}

void add_compared(std::string& out, const Receipt& r) {
  out += text::format("\n  {:{}}{:>12} {:>12}\n", "", label_columns, "this run", "plain loop");
  for (const Compared& row : compared(r)) {
    add_wrapped(out,
                text::format("  {:{}}{:>12} {:>12}   ", row.label, label_columns,
                             in_column(row.run), in_column(row.loop)),
                row.remark);
  }
}

// Three or more buckets below half a percent share one line: a page is for what matters, and JSON
// has them all.
void add_buckets(std::string& out, const Receipt& r) {
  std::vector<BucketRow> rows = bucket_rows(r);
  const auto minor = [](const BucketRow& row) {
    return row.share < 0.005 && row.name != "unexplained";
  };
  const auto fold = std::count_if(rows.begin(), rows.end(), minor) >= 3;
  const std::string label =
      text::format("{} small ones", std::count_if(rows.begin(), rows.end(), minor));
  std::string names;
  if (fold) {
    BucketRow folded{label, "", {}, 0};
    for (const BucketRow& row : rows) {
      if (!minor(row)) continue;
      folded.time += row.time;
      folded.share += row.share;
      names += text::format("{}{}", names.empty() ? "" : ", ", row.name);
    }
    folded.hint = names;
    std::erase_if(rows, minor);
    rows.insert(rows.end() - 1, folded);  // unexplained stays last
  }
  out += text::format("\n  where {} went\n", worker_time_text(r));
  for (const BucketRow& row : rows) {
    add_wrapped(out,
                text::format("  {:{}}{:>12} {:>7}  {:{}}  ", row.name, label_columns,
                             in_column(time_text(row.time)), percent_text(row.share),
                             bar(row.share, bar_columns), bar_columns),
                row.hint);
  }
  out += text::format("  {:{}}{:>12} {:>7}\n", "total", label_columns,
                      in_column(time_text(worker_time(r))), "100 %");
}

void add_facts(std::string& out, const Receipt& r) {
  for (const Fact& fact : facts(r)) {
    add_wrapped(out, text::format("  {:{}}  ", fact.label, label_columns), fact.sentence);
  }
}

}  // namespace

Detail detail_of(const Receipt& r) {
  if (r.items <= 0) return Detail::none;
  return inline_loop(r) && r.wall < std::chrono::milliseconds(1) ? Detail::brief : Detail::full;
}

std::string headline(const Receipt& r) {
  const std::string reason = one_line(r.reason);
  if (r.items <= 0) return "nothing to do: there were no items";
  if (inline_loop(r)) {
    return "stayed your plain loop" + (reason.empty() ? "" : ": " + reason);
  }
  const std::string speed = known(r.loop) && known(r.wall) ? speed_words(r.speedup()) : "";
  if (speed.empty()) return text::format("{}: {}", plural(r.workers, "worker"), time_text(r.wall));
  const seconds longer = std::max(r.wall, r.loop);
  return text::format("{}: {} {} the loop ({} instead of {})", plural(r.workers, "worker"), speed,
                      speed == "as fast" ? "as" : "than", time_like(r.wall, longer),
                      time_like(r.loop, longer));
}

std::string subject(const Receipt& r) {
  const std::string name = r.function.empty() ? "your function" : shorten(r.function, 48);
  if (r.items <= 0) return text::format("{} was not called; it took {}", name, time_text(r.wall));
  const std::string what = text::format("{} over {}", name, plural(r.items, "item"));
  if (detail_of(r) == Detail::brief) {
    const std::string wall = time_text(r.wall);
    if (!known(r.loop)) return text::format("{}: {}", what, wall);
    return text::format("{}: {}, the loop alone about {}", what, wall, time_like(r.loop, r.wall));
  }
  return text::format("{}; backend {}, {} usable", what, shorten(r.backend, 16),
                      plural(r.usable_cpus, "core"));
}

std::vector<Compared> compared(const Receipt& r) {
  std::vector<Compared> rows;
  const auto loop_text = [&](double share) {
    return known(r.loop) ? time_text(r.loop * share) : std::string("?");
  };
  const bool range = known(r.loop_low) && known(r.loop_high);
  const std::string origin = inline_loop(r) ? "this run less the measuring" : "predicted, not run";
  rows.push_back({"wall time", time_text(r.wall), loop_text(1),
                  (range ? interval_words(r.loop_low, r.loop_high) + "; " : "") + origin});
  const double cpu = std::isfinite(r.item.cpu_share) ? std::clamp(r.item.cpu_share, 0.0, 1.0) : 1;
  rows.push_back({"core-seconds", time_text(r.core_seconds), loop_text(cpu),
                  inline_loop(r) ? "CPU time" : "CPU time of caller and workers"});
  if (r.predicted) {
    rows.push_back(
        {"prediction", time_text(*r.predicted), "", outcome_words(*r.predicted, r.wall)});
  }
  return rows;
}

seconds worker_time(const Receipt& r) { return clamped(r.wall) * workers_of(r); }

std::string worker_time_text(const Receipt& r) {
  if (workers_of(r) == 1) return time_text(r.wall);
  return text::format("{} x {}", plural(r.workers, "worker"), time_text(r.wall));
}

std::vector<BucketRow> bucket_rows(const Receipt& r) {
  const Buckets& b = r.buckets;
  const std::vector<BucketRow> all{
      {"compute", "inside your function", b.compute},
      {"before", "places empty until workers came", b.before},
      {"measure", "clocks, watching, deciding", b.measure},
      {"start", "starting workers", b.start},
      {"encode", "workers hand their results over", b.encode},
      {"decode", "the caller takes the results in", b.decode},
      {"wait", "the caller waits for the last ones", b.wait},
      {"imbalance", "workers done while others worked", b.imbalance},
      {"failed trials", "workers that brought nothing", b.failed_trials},
      {"unexplained", "no bucket explains it", b.unexplained},
  };
  const seconds total = worker_time(r);
  std::vector<BucketRow> rows;
  for (BucketRow row : all) {
    row.time = clamped(row.time);
    row.share = known(total) ? row.time / total : 0;
    const bool unexplained = &row.name[0] == &all.back().name[0];
    if (unexplained && row.share > 0.02) row.hint = "more than the 2 % we allow ourselves";
    if (known(row.time) || unexplained) rows.push_back(row);
  }
  return rows;
}

std::string bucket_sentence(const Receipt& r) {
  std::string sentence;
  for (const BucketRow& row : bucket_rows(r)) {
    sentence +=
        text::format("{}{} {}", sentence.empty() ? "" : ", ", row.name, percent_text(row.share));
  }
  return sentence;
}

std::vector<Fact> facts(const Receipt& r) {
  std::vector<Fact> told;
  if (r.items > 0) told.push_back(item_fact(r));
  if (detail_of(r) != Detail::full) return told;
  const bool fitted = known(r.law.serial) || known(r.law.parallel) || known(r.law.per_worker);
  if (fitted) told.push_back(law_fact(r));
  for (const Prediction& p : r.predictions) {
    if (p.workers > workers_of(r) && known(p.wall)) told.push_back(prediction_fact(r, p));
  }
  const std::string memory = memory_sentence(r);
  if (!memory.empty()) told.push_back({"memory", memory});
  return told;
}

std::string text(const Receipt& r) {
  std::string out;
  add_wrapped(out, "", headline(r));
  add_wrapped(out, "  ", subject(r));
  switch (detail_of(r)) {
    case Detail::none:
      break;
    case Detail::brief:
      add_wrapped(out, "  ", bucket_sentence(r));
      add_wrapped(out, "  ", facts(r).front().label + ": " + facts(r).front().sentence);
      break;
    case Detail::full:
      if (!inline_loop(r) && !r.reason.empty()) add_wrapped(out, "  why: ", one_line(r.reason));
      add_compared(out, r);
      add_buckets(out, r);
      out += "\n";
      add_facts(out, r);
      break;
  }
  for (const std::string& note : r.notes) add_wrapped(out, "  ! ", one_line(note));
  out.pop_back();  // the caller's print ends the line
  return out;
}

}  // namespace payoff::report
