// src/engine/run.cpp: a loop from its first item to its receipt
//
// How a loop runs. The caller asks for a strip of items (next), runs it in its own code, and asks
// again; all there is in between is one reading of the clock. Strips grow until one takes 50 us.
//
//   1. Alone. The strip's time goes into the measurement. From 1 ms on, at 1, 2, 4 ... ms, decide()
//      weighs more workers. A loop that ends before has been the plain loop.
//   2. The purchase (purchase.cpp). When more workers would pay, the body is looked at: a little
//      later it is known whether it may run elsewhere. If so, and as soon as the budget allows
//      their price, the backend starts them. What is left of the loop goes onto a shared board,
//      from which the caller and the workers claim chunks, in the order of the items.
//   3. Together. The caller goes on as before, chunk by chunk. At its looks it checks that joint
//      throughput has risen (if not, the workers are sent home) and may buy more.
//   4. The end. When nothing is left to claim, drain() takes in the workers' results while it
//      waits for the last chunks in flight. After a failure it only waits for what lies below the
//      failing item: the loop would have stopped there.
//   5. The receipt (receipt.cpp) adds up where the time went.
#include "engine/run.hpp"

#include <algorithm>
#include <utility>

#include "engine/chunks.hpp"

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;

// Long enough that the end of a strip is below 0.5 % (2 % of a loop of some microseconds), short
// enough that no decision comes late.
ns strip_length(ns elapsed, ns first_look) {
  const ns shortest = std::min<ns>(50us, std::max(elapsed, first_look) / 8);
  return std::clamp<ns>(elapsed / 64, shortest, 10ms);
}

constexpr ns kRollCall = 50ms;  // a dead worker's loop shall not go on for long
}  // namespace

Run::Run(const Options& options, Clock& clock, Body& body, std::vector<backends::Backend*> backends)
    : options_(options),
      clock_(clock),
      body_(body),
      backends_(std::move(backends)),
      backend_(backends_.front()),
      grain_(backend_->grain()) {
  for (auto* backend : backends_)
    if (backend != backend_)
      grain_.first_look = std::min(grain_.first_look, backend->grain().first_look);
  limit_ = options_.items;
  ledger_.begin = clock_.now();
  if (options_.tell_every > ns{}) next_telling_ = ledger_.begin + options_.tell_every;
  if (options_.care.whole != kNoLimit) end_of_time_ = ledger_.begin + options_.care.whole;
  if (caller_only_watches() && options_.most_sharers > 0) {
    next_look_ = kNever;
    reason_ = "each item has a time limit: workers run all of them, and the caller watches";
    told_to_stay_ = true;
  } else if (options_.mode == Mode::alone) {
    next_look_ = kNever;
    reason_ = "asked to stay the plain loop";
  } else if (options_.mode == Mode::at_once || options_.mode == Mode::at_once_and_more) {
    next_look_ = options_.mode == Mode::at_once ? kNever : ledger_.begin + 2 * grain_.first_look;
    reason_ = "asked to start workers at once";
    told_to_stay_ = true;  // whatever later looks find
  } else if (options_.most_sharers < 2) {
    next_look_ = kNever;
    reason_ = "one worker is all that is usable here";
  } else {
    next_look_ = ledger_.begin + grain_.first_look;
  }
}

Run::~Run() {
  abandon();
  ipc::Board::destroy(board_);
}

void Run::has_run(std::int64_t items, ns took) {
  strip_ = {cursor_, cursor_ + items};
  book_strip(took);
  strip_items_ = items;
  size_next_strip(took, ledger_.compute);
}

void Run::began_at(ns began) {
  if (next_look_ != kNever) next_look_ -= ledger_.begin - began;
  ledger_.begin = began;
  ledger_.measure = -ledger_.compute;  // all the time until the first next() that was not theirs
}

Range Run::next() {
  if (board_ != nullptr) own_.insist();
  ns now = clock_.now();
  if (!begun_) {
    begun_ = true;
    ledger_.measure += now - ledger_.begin;
    const bool at_once = options_.mode == Mode::at_once || options_.mode == Mode::at_once_and_more;
    const bool elsewhere = caller_only_watches() && options_.most_sharers > 0;
    if (elsewhere || (at_once && options_.items > 1 && options_.most_sharers > 1)) {
      start_at_once();
      const ns started = clock_.now();
      ledger_.measure += started - now;
      now = started;
    }
  } else {
    close_strip(now);
  }
  if (now >= end_of_time_ && (board_ == nullptr ? cursor_ < limit_ : board_->unclaimed() > 0)) {
    overdue_ = true;
    limit_ = cursor_;
    keep_mine();
    return strip_ = {};
  }
  if (now >= next_look_ && cursor_ < options_.items) {
    consider_workers(now);
    const ns looked = clock_.now();
    ledger_.measure += looked - now;
    now = looked;
  }
  if (trial_ != Trial::none) watch_usefulness(now);
  if (seats_ > 0 && now >= next_roll_call_) {
    note_deaths();
    next_roll_call_ = now + kRollCall;
  }
  if (now >= next_telling_) now = tell(now);
  if (board_ != nullptr && board_->failed() < cursor_) {  // all in vain from here on
    limit_ = cursor_;
    keep_mine();
    return strip_ = {};
  }
  if (cursor_ == limit_) {
    if (board_ != nullptr && caller_only_watches()) return strip_ = {};
    if (!claim()) return strip_ = {};
    const ns claimed = clock_.now();
    ledger_.measure += claimed - now;
    now = claimed;
  }
  return open_strip(now);
}

void Run::book_strip(ns took) {
  measure_.add(strip_.size(), took);
  ledger_.compute += took;
  done_by_caller_ += strip_.size();
  cursor_ = strip_.end;
}

void Run::close_strip(ns now) {
  const ns took = now - strip_began_;
  book_strip(took);
  size_next_strip(took, now - ledger_.begin);
}

// Four times as long until a strip takes its time; then follow the cost.
void Run::size_next_strip(ns took, ns elapsed) {
  const double item = static_cast<double>(took.count()) / static_cast<double>(strip_.size());
  const auto length = static_cast<double>(strip_length(elapsed, grain_.first_look).count());
  const double wanted = length / std::max(item, 0.1);
  const auto longer = static_cast<double>(4 * strip_items_);
  strip_items_ = strip_.begin == 0
                     ? 1  // the first item stands alone: it is left out of every estimate
                     : static_cast<std::int64_t>(std::clamp(wanted, 1.0, longer));
}

Range Run::open_strip(ns now) {
  strip_items_ = in_step(cursor_, strip_items_);
  strip_ = {cursor_, std::min(limit_, cursor_ + strip_items_)};
  strip_began_ = now;
  return strip_;
}

bool Run::claim() {
  if (board_ == nullptr) return false;
  keep_mine();
  const double item = measure_.recent();
  const ns cap = tell_workers(item);
  const Range chunk = board_->claim(chunk_items({.unclaimed = board_->unclaimed(),
                                                 .sharers = sharers_,
                                                 .item_ns = item,
                                                 .cap = cap,
                                                 .floor = grain_.smallest_chunk}));
  cursor_ = claimed_from_ = chunk.begin;
  limit_ = chunk.end;
  return !chunk.empty();
}

void Run::keep_mine() {
  if (claimed_from_ >= limit_) return;
  if (!mine_.empty() && mine_.back().end == claimed_from_)
    mine_.back().end = limit_;
  else
    mine_.push_back({claimed_from_, limit_});
}

// The current claim may be kept already: then it comes twice, and the count ends before.
std::vector<Range> Run::mine_so_far(std::int64_t results) const {
  std::vector<Range> ranges = mine_;
  ranges.push_back({claimed_from_, limit_});
  for (auto& range : ranges) {
    range.end = std::clamp(range.begin + results, range.begin, std::max(range.begin, range.end));
    results -= range.size();
  }
  return ranges;
}

// The tail may take max_overhead of the time passed: that caps the chunks, which therefore grow.
ns Run::tell_workers(double item_ns) {
  const auto elapsed = static_cast<double>((clock_.now() - ledger_.begin).count());
  const ns cap(static_cast<ns::rep>(options_.max_overhead * elapsed));
  const bool one = options_.care.item_by_item() && backend_->where() == Where::process;
  board_->chunk_cap_ns.store(one ? 0 : cap.count(), std::memory_order_relaxed);
  board_->chunk_floor_ns.store(one ? 0 : grain_.smallest_chunk.count(), std::memory_order_relaxed);
  board_->item_ns.store(static_cast<std::int64_t>(item_ns), std::memory_order_relaxed);
  return cap;
}

std::int64_t Run::worker_items() {
  std::int64_t sum = 0;
  for (int i = 0; i < seats_; ++i) sum += board_->seat(i).run.load(std::memory_order_relaxed);
  return sum;
}

void Run::fail(std::int64_t index) {
  failed_ = std::min(failed_, index);
  if (board_ != nullptr) board_->fail(index);
  if (next_telling_ != kNever) tell(clock_.now(), std::max<std::int64_t>(index - cursor_, 0));
}

std::int64_t Run::failed() const {
  return board_ != nullptr ? std::min(failed_, board_->failed()) : failed_;
}

backends::Death Run::death_at(std::int64_t index) const {
  for (const auto& death : deaths_)
    if (board_->seat(death.seat).item_lost() == index) return death;
  return deaths_.empty() ? backends::Death{} : deaths_.front();
}

const std::vector<Range>& Run::mine() {
  if (board_ == nullptr && mine_.empty() && limit_ > 0) mine_.push_back({0, limit_});
  return mine_;
}

Receipt Run::receipt() {
  if (ledger_.end == ns{}) ledger_.end = clock_.now();
  if (seats_ > 0) ledger_.caller_faults = backend_->caller_faults() - faults_at_start_;
  if (reason_.empty()) reason_ = "the loop was over before a worker could have paid";
  return make_receipt(options_, ledger_, measure_, board_, seats_, backend_->name(), reason_);
}

}  // namespace payoff::engine
