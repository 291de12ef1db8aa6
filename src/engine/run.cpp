// src/engine/run.cpp: a loop from its first item to its receipt
//
// How a loop runs. The caller asks for a strip of items (next), runs it in its own code, and asks
// again; all there is in between is one reading of the clock. Strips grow until one takes 50 us.
//
//   1. Alone. The strip's time goes into the measurement. From 1 ms on, at 1, 2, 4 ... ms, decide()
//      weighs more workers. A loop that ends before has been the plain loop.
//   2. The purchase. When more workers would pay, the body is looked at: a little later it is known
//      whether it may run elsewhere. If so, and as soon as the budget allows their price, the
//      backend starts them. What is left of the loop goes onto a shared board, from which the
//      caller and the workers claim chunks, in the order of the items.
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

// Long enough that the end of a strip is below 0.5 %, short enough that no decision comes late.
ns strip_length(ns elapsed) { return std::clamp<ns>(elapsed / 64, 50us, 10ms); }

constexpr ns kFirstLook = 1ms;   // no price is below a third of this
constexpr ns kHopeless = 800us;  // of work left: half of it is less than two forks anywhere
constexpr ns kWatchFor = 200us;  // at least, before a purchase
constexpr ns kRollCall = 50ms;   // a dead worker's loop shall not go on for long
constexpr ns kNever = ns::max();
constexpr std::int64_t kPage = 4096;
constexpr double kUseful = 1.05;  // joint throughput against alone
constexpr ns kWindow = 10ms;      // of joint work: longer than a few of the scheduler's time slices
constexpr std::int64_t kVerdictItems = 16;

}  // namespace

Run::Run(const Options& options, Clock& clock, Body& body, backends::Backend& backend)
    : options_(options), clock_(clock), body_(body), backend_(backend) {
  limit_ = options_.items;
  ledger_.begin = clock_.now();
  if (options_.mode == Mode::alone) {
    next_look_ = kNever;
    reason_ = "asked to stay the plain loop";
  } else if (options_.mode == Mode::at_once) {
    next_look_ = kNever;
    reason_ = "asked to start workers at once";
  } else if (options_.most_sharers < 2) {
    next_look_ = kNever;
    reason_ = "one worker is all that is usable here";
  } else {
    next_look_ = ledger_.begin + kFirstLook;
  }
}

Run::~Run() {
  abandon();
  ipc::Board::destroy(board_);
}

Range Run::next() {
  ns now = clock_.now();
  if (!begun_) {
    begun_ = true;
    ledger_.measure += now - ledger_.begin;
    if (options_.mode == Mode::at_once && options_.items > 1 && options_.most_sharers > 1) {
      start_at_once();
      const ns started = clock_.now();
      ledger_.measure += started - now;
      now = started;
    }
  } else {
    close_strip(now);
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
  if (board_ != nullptr && board_->failed() < cursor_) {  // all in vain from here on
    limit_ = cursor_;
    keep_mine();
    return strip_ = {};
  }
  if (cursor_ == limit_) {
    if (!claim()) return strip_ = {};
    const ns claimed = clock_.now();
    ledger_.measure += claimed - now;
    now = claimed;
  }
  return open_strip(now);
}

void Run::close_strip(ns now) {
  const ns took = now - strip_began_;
  measure_.add(strip_.size(), took);
  ledger_.compute += took;
  done_by_caller_ += strip_.size();
  cursor_ = strip_.end;
  // Four times as long until a strip takes its time; then follow the cost.
  const double item = static_cast<double>(took.count()) / static_cast<double>(strip_.size());
  const auto length = static_cast<double>(strip_length(now - ledger_.begin).count());
  const double wanted = length / std::max(item, 0.1);
  const auto longer = static_cast<double>(4 * strip_items_);
  strip_items_ = strip_.begin == 0
                     ? 1  // the first item stands alone: it is left out of every estimate
                     : static_cast<std::int64_t>(std::clamp(wanted, 1.0, longer));
}

Range Run::open_strip(ns now) {
  strip_ = {cursor_, std::min(limit_, cursor_ + strip_items_)};
  strip_began_ = now;
  return strip_;
}

bool Run::claim() {
  if (board_ == nullptr) return false;
  keep_mine();
  const double item = measure_.recent();
  const ns cap = tell_workers(item);
  const Range chunk = board_->claim(chunk_items(
      {.unclaimed = board_->unclaimed(), .sharers = sharers_, .item_ns = item, .cap = cap}));
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

// The tail may take max_overhead of the time passed: that caps the chunks, which therefore grow.
ns Run::tell_workers(double item_ns) {
  const auto elapsed = static_cast<double>((clock_.now() - ledger_.begin).count());
  const ns cap(static_cast<ns::rep>(options_.max_overhead * elapsed));
  board_->chunk_cap_ns.store(cap.count(), std::memory_order_relaxed);
  board_->item_ns.store(static_cast<std::int64_t>(item_ns), std::memory_order_relaxed);
  return cap;
}

Situation Run::situation(std::int64_t items_left) {
  const ns now = clock_.now();
  Situation s;
  s.items_left = items_left;
  s.rest = measure_.estimate(s.items_left);
  s.sharers = sharers_;
  s.most_sharers = options_.most_sharers;
  s.price = backend_.price();
  s.price.copying = body_.bytes_copied_on_write() / kPage * s.price.copied_page;
  s.transport = body_.transport();
  s.budget = {.elapsed = now - ledger_.begin,
              .earned = earned(),
              .max_overhead = options_.max_overhead,
              .trust_used = trust_used_};
  if (sharers_ > 1) {  // the law of this very run, once it can be seen
    const double alone = alone_item_ns_ > 0 ? 1 / alone_item_ns_ : 0;
    if (alone > 0 && joint_rate_ > 0)
      s.efficiency = std::clamp((joint_rate_ / alone - 1) / (sharers_ - 1), 0.1, 1.0);
  }
  return s;
}

void Run::consider_workers(ns now) {
  if (trial_ != Trial::none) return;
  note_deaths();
  if (sharers_ > 1 && suspect_company(now)) return;
  const ns elapsed = now - ledger_.begin;
  const std::int64_t left = (board_ != nullptr ? board_->unclaimed() : 0) + limit_ - cursor_;
  const Estimate rest = measure_.estimate(left);
  next_look_ = now + until_next_look(elapsed, rest);
  if (rest.seen > 0 && rest.high < kHopeless) return;
  const Situation s = situation(left);
  const Plan plan = decide(s);
  next_look_ = ledger_.begin + std::max(plan.look_again, elapsed + 500us);
  if (s.most_sharers <= sharers_ && sharers_ > 1) return;  // nothing to buy, nothing to say
  Decision note;
  note.at = elapsed;
  note.workers = plan.sharers;
  note.price = plan.price;
  note.predicted = plan.total;
  note.why = plan.why;
  ledger_.decisions.push_back(std::move(note));
  if (!told_to_stay_) reason_ = plan.why;
  if (plan.promising && !watched_) {
    watched_ = true;
    body_.watch(cursor_);
    if (plan.funds == Funds::none) return;
    next_look_ = clock_.now() + kWatchFor;
    stay("watching for a moment what the function does, before it may run elsewhere");
    told_to_stay_ = false;
    return;
  }
  if (plan.funds != Funds::none) buy(plan);
}

// Has joint throughput risen? If not, the workers are asked to pause, and the trial begins.
bool Run::suspect_company(ns now) {
  const ns elapsed = now - ledger_.begin;
  if (credit({elapsed, earned(), options_.max_overhead, false}) >= ns{}) trust_used_ = false;
  const std::int64_t items = done_by_caller_ + worker_items() - joint_items_;
  for (int i = 0; i < seats_; ++i)
    if (!is_dead(i) && board_->seat(i).first_claim_ns.load(std::memory_order_relaxed) == 0) {
      joint_since_ = now;  // who has not come yet is not judged
      joint_items_ += items;
      return false;
    }
  const ns window = now - joint_since_;
  if (window < kWindow || items < 8 * sharers_) return false;
  joint_rate_ = static_cast<double>(items) / static_cast<double>(window.count());
  joint_since_ = now;
  joint_items_ += items;
  const bool suspicious = joint_rate_ * alone_item_ns_ < kUseful;
  if (!suspicious || options_.mode != Mode::automatic || board_->unclaimed() == 0) return false;
  trial_ = Trial::pausing;
  trial_since_ = now;
  board_->allow(0);
  return true;
}

void Run::start_at_once() {
  body_.watch(0);
  const auto most = std::min<std::int64_t>(options_.most_sharers, options_.items);
  int more = static_cast<int>(most) - 1;
  if (const auto no = backend_.refusal(more, 0))
    reason_ = *no;
  else
    start_workers(more);
}

void Run::buy(const Plan& plan) {
  if (const auto stays = body_.must_stay(cursor_)) {
    stay(stays->reason);
    if (stays->for_good) next_look_ = kNever;
    return;
  }
  int more = plan.sharers - sharers_;
  const double results =
      body_.transport().bytes * static_cast<double>(options_.items - cursor_) / plan.sharers;
  if (const auto no = backend_.refusal(more, static_cast<std::int64_t>(results)))
    return stay(*no);  // for now: threads end, memory is freed
  const int before = sharers_;
  start_workers(more);
  if (sharers_ == before) return stay("the system refused a new process");
  ledger_.decisions.back().workers = sharers_;
  told_to_stay_ = false;
  reason_ = plan.why;
  if (plan.funds == Funds::trust) trust_used_ = true;
  ledger_.predicted = plan.total;
}

void Run::stay(std::string reason) {
  auto& last = ledger_.decisions.back();
  last.workers = sharers_;
  last.price = {};
  last.why = reason;
  reason_ = std::move(reason);
  told_to_stay_ = true;  // what kept the loop here outlasts later, lesser reasons
}

void Run::start_workers(int more) {
  if (board_ == nullptr) {
    board_ = ipc::Board::create(options_.items, std::max(4 * options_.most_sharers, 8));
    if (board_ == nullptr) {
      reason_ = "the system gave no shared memory";
      return;
    }
    limit_ = std::min(limit_, cursor_ + strip_items_);  // the caller's first claim
    board_->open(limit_);
    faults_at_start_ = backend_.caller_faults();
  }
  more = std::min(more, board_->seat_count() - seats_);
  if (more <= 0) return;
  // Cautious both ways: an item's cost alone is what joint throughput will be held against.
  const Estimate seen = measure_.estimate(1);
  alone_item_ns_ = std::min(seen.item, seen.item_now);
  board_->sharers.store(sharers_ + more, std::memory_order_relaxed);
  tell_workers(alone_item_ns_);
  board_->allow(board_->seat_count());
  const ns before = clock_.now();
  const int started = backend_.start(*board_, seats_, more);
  if (started == 0) reason_ = "the system refused a new process";
  const ns after = clock_.now();
  ledger_.start += after - before;
  ledger_.measure -= after - before;  // next() books all between two strips there
  for (int i = 0; i < started; ++i) {
    ledger_.seat_forked.push_back(before + (after - before) * i / started);
    ledger_.seat_dismissed.push_back(false);
  }
  seats_ += started;
  sharers_ += started;
  ledger_.most_sharers = std::max(ledger_.most_sharers, sharers_);
  board_->sharers.store(sharers_, std::memory_order_relaxed);
  joint_since_ = after;
  joint_items_ = done_by_caller_ + worker_items();
  if (options_.mode == Mode::automatic)
    next_look_ = after + std::max<ns>(4ms, (after - ledger_.begin) / 16);
}

// Workers were asked to pause: is the caller alone as fast as all together were? Then they go.
// Judging neighbours in the sequence of items tells contention from items that merely cost more.
void Run::watch_usefulness(ns now) {
  if (trial_ == Trial::pausing) {
    bool quiet = true;
    for (int i = 0; i < seats_; ++i) {
      const auto state = board_->seat(i).state.load(std::memory_order_acquire);
      quiet = quiet && state != ipc::SeatState::working;
    }
    if (!quiet && now - trial_since_ < kLargestChunk) return;
    trial_ = Trial::alone;
    trial_since_ = now;
    trial_items_ = done_by_caller_;
    trial_faults_ = backend_.caller_faults();
    const ns elapsed = now - ledger_.begin;
    trial_until_ = now + std::max<ns>(kWindow / 2, elapsed / 64);
    return;
  }
  // A verdict needs items enough; without them, after a while, the workers are given the benefit.
  const std::int64_t seen = done_by_caller_ - trial_items_;
  const bool enough = seen >= kVerdictItems;
  if (now < trial_until_ || seen == 0) return;
  if (!enough && now - trial_since_ < (now - ledger_.begin) / 32) return;
  trial_ = Trial::none;
  // Pages still shared with paused workers are copied on write: the plain loop would not do that.
  const ns copying = (backend_.caller_faults() - trial_faults_) * backend_.price().copied_page;
  const double alone = std::max(1.0, static_cast<double>((now - trial_since_ - copying).count())) /
                       static_cast<double>(seen);
  alone_item_ns_ = alone;
  joint_since_ = now;
  joint_items_ = done_by_caller_ + worker_items();
  if (!enough || joint_rate_ * alone >= kUseful) {  // the items had become dearer: the workers help
    board_->allow(board_->seat_count());
    next_look_ = now + (now - ledger_.begin);
    return;
  }
  board_->dismiss();
  for (int i = 0; i < seats_; ++i) {
    if (ledger_.seat_dismissed[static_cast<std::size_t>(i)]) continue;
    ledger_.seat_dismissed[static_cast<std::size_t>(i)] = true;
    ledger_.failed_trials += now - ledger_.seat_forked[static_cast<std::size_t>(i)];
  }
  sharers_ = 1;
  board_->sharers.store(1, std::memory_order_relaxed);
  reason_ = "workers were tried and sent home: together they were no faster than the loop alone";
  Decision note;
  note.at = now - ledger_.begin;
  note.workers = 1;
  note.why = reason_;
  ledger_.decisions.push_back(std::move(note));
  next_look_ = now + 3 * (now - ledger_.begin);
}

std::int64_t Run::worker_items() {
  std::int64_t sum = 0;
  for (int i = 0; i < seats_; ++i) sum += board_->seat(i).run.load(std::memory_order_relaxed);
  return sum;
}

// What the plain loop would have needed for all items done so far, at least.
ns Run::earned() {
  double sum = static_cast<double>(ledger_.compute.count());
  for (int i = 0; i < seats_; ++i) {
    const auto& seat = board_->seat(i);
    const auto items = static_cast<double>(seat.run.load(std::memory_order_relaxed));
    const auto took = static_cast<double>(seat.compute_ns.load(std::memory_order_relaxed));
    sum += std::min(took, items * alone_item_ns_);
  }
  return ns(static_cast<ns::rep>(sum));
}

void Run::note_deaths() {
  if (seats_ == 0) return;
  for (const auto& death : backend_.deaths()) {
    const std::int64_t at = board_->seat(death.seat).in_flight.load(std::memory_order_acquire);
    if (at >= 0) board_->fail(at);
    deaths_.push_back(death);
    sharers_ = std::max(1, sharers_ - 1);
  }
}

bool Run::is_dead(int seat) const {
  return std::any_of(deaths_.begin(), deaths_.end(),
                     [&](const auto& death) { return death.seat == seat; });
}

void Run::fail(std::int64_t index) {
  failed_ = std::min(failed_, index);
  if (board_ != nullptr) board_->fail(index);
}

std::int64_t Run::failed() const {
  return board_ != nullptr ? std::min(failed_, board_->failed()) : failed_;
}

const std::vector<Range>& Run::mine() {
  if (board_ == nullptr && mine_.empty() && limit_ > 0) mine_.push_back({0, limit_});
  return mine_;
}

void Run::drain(Collector& collector) {
  if (board_ == nullptr) return;
  board_->wake_caller_from_now_on();
  board_->allow(board_->seat_count());
  for (;;) {
    const ns before = clock_.now();
    collector.collect(*board_, seats_);
    const ns collected = clock_.now();
    ledger_.decode += collected - before;
    note_deaths();
    // In this order: whoever has claimed nothing by now can claim nothing any more.
    const bool exhausted = board_->unclaimed() == 0;
    const std::int64_t failed = board_->failed();
    bool settled = true, in_vain = false;
    for (int i = 0; i < seats_; ++i) {
      const auto& seat = board_->seat(i);
      const auto state = seat.state.load(std::memory_order_acquire);
      if (state == ipc::SeatState::done || state == ipc::SeatState::failed) continue;
      if (is_dead(i)) continue;
      const bool too_late = exhausted && state != ipc::SeatState::working &&
                            seat.first_claim_ns.load(std::memory_order_relaxed) == 0;
      // Beyond the failing item: the loop would never have come there.
      const bool beyond = failed < seat.in_flight.load(std::memory_order_acquire);
      in_vain = in_vain || too_late || beyond;
      settled = settled && (too_late || beyond);
    }
    if (settled) {
      if (in_vain) backend_.kill();
      backend_.join();
      collector.collect(*board_, seats_);
      ledger_.wait += clock_.now() - collected;
      return;
    }
    backend_.wait(*board_, 100ms);
    ledger_.wait += clock_.now() - collected;
  }
}

void Run::abandon() {
  if (seats_ > 0) backend_.kill();
}

Receipt Run::receipt() {
  if (ledger_.end == ns{}) ledger_.end = clock_.now();
  if (seats_ > 0) ledger_.caller_faults = backend_.caller_faults() - faults_at_start_;
  if (reason_.empty()) reason_ = "the loop was over before a worker could have paid";
  return make_receipt(options_, ledger_, measure_, board_, seats_, backend_.name(), reason_);
}

}  // namespace payoff::engine
