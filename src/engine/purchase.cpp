// src/engine/purchase.cpp: whether more workers are thought of, weighed, allowed, and started
#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/chunks.hpp"
#include "engine/run.hpp"
#include "ipc/arena.hpp"

namespace payoff::engine {
namespace {

// The smallest amount of work left that is worth a thought: half of it is less than two prices.
ns hopeless(const Grain& grain) { return grain.first_look * 4 / 5; }

constexpr std::int64_t kPage = 4096;
constexpr double kPublishing = 3000;  // ns: a claim and a publication, where each item has its own

// A seat for each worker, also for those that replace dead ones: at worst each item has so many. A
// seat that nobody takes costs no memory, but it does cost address space.
constexpr int kSeatsForTheDead = 16384, kMostSeats = 1 << 18;

int seats_for_deaths(std::int64_t items, int retries) {
  if (ipc::address_space_is_limited()) return kSeatsForTheDead;
  const std::int64_t starts = std::min<std::int64_t>(items, kMostSeats) * (1 + retries);
  return static_cast<int>(std::clamp<std::int64_t>(starts, kSeatsForTheDead, kMostSeats));
}

}  // namespace

Situation Run::situation(backends::Backend& backend, std::int64_t items_left) {
  Situation s = at_best(backend, items_left);
  find_out_prices(backend, s);
  return s;
}

// As if a worker cost the least that it could: to know that costs nothing.
Situation Run::at_best(backends::Backend& backend, std::int64_t items_left) {
  const ns now = clock_.now();
  Situation s;
  s.items_left = items_left;
  s.rest = measure_.estimate(s.items_left);
  s.sharers = sharers_;
  s.most_sharers = body_.useful_sharers(backend.where(), options_.most_sharers);
  if (s.most_sharers > options_.most_sharers)  // of work that waits: step by step
    s.most_sharers = std::min(s.most_sharers, std::max(options_.most_sharers, growth_.most()));
  s.grain = grain_;
  s.price = backend.least_price();
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

// Page tables read, a result pickled: 0.1 to 0.4 ms, for loops that might have a use for it.
void Run::find_out_prices(backends::Backend& backend, Situation& s) {
  if (backend.where() != Where::process) return;
  s.price = backend.price();
  s.price.copying = body_.bytes_copied_on_write() / kPage * s.price.copied_page;
  s.transport = body_.transport();
  if (options_.care.item_by_item()) s.transport.encode_ns += kPublishing;
}

void Run::consider_workers(ns now) {
  if (trial_ != Trial::none || !own_.is_here()) return;
  note_deaths();
  if (sharers_ > 1 && suspect_company(now)) return;
  if (now < no_more_until_) {
    next_look_ = std::min(no_more_until_, now + (now - ledger_.begin) / 4);
    return;
  }
  const ns elapsed = now - ledger_.begin;
  if (sharers_ > 1) growth_.look(now, done_by_caller_ + worker_items());
  const std::int64_t left = (board_ != nullptr ? board_->unclaimed() : 0) + limit_ - cursor_;
  const Estimate rest = measure_.estimate(left);
  next_look_ = now + until_next_look(elapsed, rest, grain_);
  if (rest.seen > 0 && rest.high < hopeless(grain_)) return;
  const Choice choice = choose(left);
  const Plan& plan = choice.plan;
  next_look_ = ledger_.begin + std::max(plan.look_again, elapsed + grain_.first_look / 2);
  if (const ns wait = seats_ == 0 ? body_.knows_more_in() : ns{}; wait > ns{} && plan.sharers == 1)
    next_look_ = now + wait;
  if (sharers_ > options_.most_sharers && growth_.most() == sharers_)  // a step to be judged soon
    next_look_ = std::min(next_look_, now + std::max<ns>(2 * grain_.first_look, elapsed / 16));
  if (choice.situation.most_sharers <= sharers_ && sharers_ > 1)
    return;  // nothing to buy, nothing to say
  if (options_.telling == Telling::in_full) {
    Decision note;
    note.at = elapsed;
    note.workers = plan.sharers;
    note.price = plan.price;
    note.predicted = plan.total;
    note.why = explain(choice.situation, plan);
    if (!told_to_stay_) reason_ = note.why;
    ledger_.decisions.push_back(std::move(note));
  }
  if (plan.promising && !watched_) {
    watched_ = true;
    const ns for_a_while = body_.watch(cursor_);
    options_.most_sharers = body_.most_sharers(options_.most_sharers);
    if (plan.funds == Funds::none) return;
    if (for_a_while > ns{}) {
      next_look_ = clock_.now() + for_a_while;
      stay("watching for a moment what the function does, before it may run elsewhere");
      told_to_stay_ = false;
      return;
    }
  }
  if (plan.funds != Funds::none) buy(choice);
}

// The best plan that may be paid for; failing that, the one that promises most.
Run::Choice Run::choose(std::int64_t items_left) {
  Choice best;
  for (auto* backend : backends_) {
    if (seats_ > 0 && backend != backend_) continue;
    Choice choice{backend, at_best(*backend, items_left), {}};
    choice.plan = decide(choice.situation);
    if (choice.plan.promising) {
      find_out_prices(*backend, choice.situation);
      choice.plan = decide(choice.situation);
    }
    const auto rank = [](const Choice& c) {
      const bool pays = c.plan.funds != Funds::none;
      return std::make_tuple(!pays, !c.plan.promising, c.situation.most_sharers <= 1, c.plan.total);
    };
    if (best.backend == nullptr) {
      best = std::move(choice);
    } else {
      const ns look = std::min(best.plan.look_again, choice.plan.look_again);
      if (rank(choice) < rank(best)) best = std::move(choice);
      best.plan.look_again = look;
    }
  }
  return best;
}

void Run::start_at_once() {
  (void)body_.watch(0);
  const auto most = std::min<std::int64_t>(options_.most_sharers, options_.items);
  int more = static_cast<int>(most) - (caller_only_watches() ? 0 : 1);
  if (more < 1) return;
  if (const auto no = backend_->refusal(more, 0))
    reason_ = *no;
  else
    start_workers(more);
  if (seats_ == 0) options_.care.per_item = kNoLimit;  // the caller has to run them, and no clock
}

void Run::buy(const Choice& choice) {
  const Plan& plan = choice.plan;
  if (const auto stays = body_.must_stay(cursor_, choice.backend->where())) {
    stay(stays->reason);
    if (stays->for_good) next_look_ = kNever;
    if (stays->again > ns{}) next_look_ = std::min(next_look_, clock_.now() + stays->again);
    return;
  }
  int more = plan.sharers - sharers_;
  const double results = choice.situation.transport.bytes *
                         static_cast<double>(options_.items - cursor_) / plan.sharers;
  if (const auto no = choice.backend->refusal(more, static_cast<std::int64_t>(results)))
    return stay(*no);  // for now: threads end, memory is freed
  backend_ = choice.backend;
  const int before = sharers_;
  start_workers(more);
  if (sharers_ == before) return stay(refused());
  told_to_stay_ = false;
  if (options_.telling == Telling::in_full) {
    ledger_.decisions.back().workers = sharers_;
    reason_ = ledger_.decisions.back().why;
  }
  if (plan.funds == Funds::trust) trust_used_ = true;
  ledger_.predicted = plan.total;
}

void Run::stay(std::string reason) {
  if (options_.telling == Telling::nothing) return;
  auto& last = ledger_.decisions.back();
  last.workers = sharers_;
  last.price = {};
  last.why = reason;
  reason_ = std::move(reason);
  told_to_stay_ = true;  // what kept the loop here outlasts later, lesser reasons
}

std::string Run::refused() const {
  if (board_ == nullptr) return "the system gave no shared memory";
  const auto lacks = backend_->lacks();
  return lacks.empty() ? "the system refused a new worker" : lacks.back();
}

void Run::start_workers(int more) {
  if (board_ == nullptr) {
    grain_ = backend_->grain();
    const auto reach =
        backend_->where() == Where::thread ? ipc::Board::Reach::threads : ipc::Board::Reach::forks;
    const int seats = 4 * std::max(options_.most_sharers, more + 1);
    const bool may_wait =  // then it takes many
        backend_->where() == Where::thread || options_.mode == Mode::at_once_and_more;
    int enough = std::max(seats, may_wait ? 64 : 8);
    if (options_.care.item_by_item() && backend_->where() == Where::process)
      enough = std::max(enough, seats_for_deaths(options_.items, options_.care.retries));
    board_ = ipc::Board::create(options_.items, enough, reach);
    if (board_ == nullptr && enough > kSeatsForTheDead)
      board_ = ipc::Board::create(options_.items, kSeatsForTheDead, reach);
    if (board_ == nullptr) {
      reason_ = refused();
      return;
    }
    // The caller's first claim.
    limit_ = std::min(limit_, cursor_ + in_step(cursor_, strip_items_));
    if (caller_only_watches()) limit_ = cursor_;
    board_->open(limit_);
    faults_at_start_ = backend_->caller_faults();
  }
  more = std::min(more, board_->seat_count() - seats_);
  if (more <= 0) {
    reason_ = "so many workers have died that no further one is started";
    return;
  }
  // Cautious both ways: an item's cost alone is what joint throughput will be held against.
  const Estimate seen = measure_.estimate(1);
  alone_item_ns_ = std::min(seen.item, seen.item_now);
  board_->sharers.store(sharers_ + more, std::memory_order_relaxed);
  tell_workers(alone_item_ns_);
  board_->allow(board_->seat_count());
  const ns before = clock_.now();
  board_->furnish(seats_, seats_ + more);
  for (int i = 0; i < more && i < std::ssize(again_); ++i) {
    const Range given = again_[static_cast<std::size_t>(i)];
    board_->seat(seats_ + i).given_begin.store(given.begin, std::memory_order_relaxed);
    board_->seat(seats_ + i).given_end.store(given.end, std::memory_order_relaxed);
  }
  const int started = backend_->start(*board_, seats_, more);
  again_.erase(again_.begin(),
               again_.begin() + std::min<std::ptrdiff_t>(started, std::ssize(again_)));
  if (started == 0) reason_ = refused();
  const ns after = clock_.now();
  ledger_.start += after - before;
  ledger_.measure -= after - before;  // next() books all between two strips there
  for (int i = 0; i < started; ++i) {
    ledger_.seat_forked.push_back(before + (after - before) * i / started);
    ledger_.seat_dismissed.push_back(false);
    seat_dead_.push_back(false);
  }
  seats_ += started;
  sharers_ += started;
  ledger_.most_sharers = std::max(ledger_.most_sharers, sharers_);
  board_->sharers.store(sharers_, std::memory_order_relaxed);
  joint_since_ = after;
  joint_items_ = done_by_caller_ + worker_items();
  growth_.begin(sharers_, after, joint_items_);
  if (options_.mode != Mode::at_once)
    next_look_ = after + std::max<ns>(4 * grain_.first_look, (after - ledger_.begin) / 16);
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

}  // namespace payoff::engine
