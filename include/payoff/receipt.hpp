// include/payoff/receipt.hpp: what a loop did, what it cost and what more workers would buy; plain
// data
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "payoff/laws.hpp"
#include "payoff/seconds.hpp"

namespace payoff {

// The buckets of workers x wall time. They add up: what no bucket explains is its own bucket.
struct Buckets {
  seconds compute{};        // inside the items, caller and workers together
  seconds before{};         // places that no worker held: before it was bought, or after it left
  seconds measure{};        // entry, clocks, watching f, deciding
  seconds start{};          // the caller's forks, and workers until their first claim
  seconds encode{};         // workers: results into shared memory
  seconds decode{};         // caller: results out of shared memory, and into one list
  seconds wait{};           // caller: waiting for chunks in flight and for workers to leave
  seconds imbalance{};      // workers: done, while others still worked
  seconds failed_trials{};  // worker time that was bought and brought nothing
  seconds unexplained{};

  [[nodiscard]] seconds total() const {
    return compute + before + measure + start + encode + decode + wait + imbalance + failed_trials +
           unexplained;
  }
};

// Cost of one item, seen at the grain of strips (short items are averaged within a strip).
struct ItemCost {
  seconds mean{}, median{}, p99{}, longest{};
  double cpu_share = 1.0;  // CPU seconds / wall seconds inside the items: near 0 means waiting
};

struct Prediction {
  int workers = 1;
  seconds wall{};         // the law's value
  seconds low{}, high{};  // its interval
  double speedup = 1.0;   // loop / wall
  bool bound = false;  // beyond twice the measured range: speedup is an upper bound, not a number
};

// One look at the clock that could have bought workers.
struct Decision {
  seconds at{};     // since the call began
  int workers = 1;  // workers from here on, caller included
  seconds price{};  // what the caller was expected to pay for the change; 0 if nothing was bought
  seconds predicted{};  // predicted wall time of the whole loop with this choice
  std::string why;      // one sentence
};

// A worker's own account.
struct WorkerAccount {
  int id = 0;  // 0 is the caller
  std::int64_t items = 0;
  seconds lifetime{}, compute{}, encode{}, cpu{};
  std::int64_t private_bytes = 0;  // memory it dirtied for itself
};

struct Receipt {
  static constexpr int schema = 1;

  std::string function;  // name of the body, as the user knows it
  std::int64_t items = 0;
  std::string backend = "inline";  // what ran: inline, fork
  int workers = 1;                 // most that ran together, caller included
  int usable_cpus = 1;
  std::string reason;  // one sentence: why this and not something else

  seconds wall{};
  seconds core_seconds{};  // CPU time of the caller's thread and the workers during the loop
  seconds loop{};          // the plain loop's predicted wall time, and its interval
  seconds loop_low{}, loop_high{};
  std::optional<seconds> predicted;  // the wall time predicted when the last workers were bought

  Buckets buckets;
  ItemCost item;
  laws::Law law;  // with the parts of this very run: nothing is fitted
  std::vector<Prediction> predictions;
  std::vector<Decision> decisions;
  std::vector<WorkerAccount> accounts;

  std::int64_t bytes_out = 0;      // results that travelled through shared memory
  std::int64_t memory_added = 0;   // bytes dirtied by the workers, arenas included
  std::int64_t caller_faults = 0;  // page faults of the caller while workers lived (copy-on-write)
  std::vector<std::string> notes;  // what a careful reader should know, one sentence each

  [[nodiscard]] double speedup() const {
    return wall.count() > 0 ? loop.count() / wall.count() : 1.0;
  }
};

}  // namespace payoff
