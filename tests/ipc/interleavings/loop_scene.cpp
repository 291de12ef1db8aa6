// tests/ipc/interleavings/loop_scene.cpp: the language's part, a fork that is a fiber, and the
// rules
#include "ipc/interleavings/loop_scene.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/run.hpp"
#include "engine/work.hpp"

namespace payoff::interleavings {
namespace {

using engine::Range;

// Each process's own: so that what it reads is its own affair.
class OwnClock final : public Clock {
 public:
  OwnClock(std::int64_t tick, int jump_at) : tick_(tick), jump_at_(jump_at) {}
  ns now() override {
    if (readings_++ == jump_at_) now_ += std::chrono::milliseconds(11);
    return now_ += ns(tick_);
  }

 private:
  std::int64_t tick_;
  int jump_at_, readings_ = 0;
  ns now_{1};
};

class NoBody final : public engine::Body {
 public:
  ns watch(std::int64_t) override { return {}; }
  std::optional<Stay> must_stay(std::int64_t, engine::Where) override { return std::nullopt; }
  engine::Transport transport() override { return {}; }
  std::int64_t bytes_copied_on_write() override { return 0; }
};

}  // namespace

// All that one run of the scene leaves behind.
struct LoopScene::World final : public backends::Backend, public engine::Collector {
  explicit World(const Plot& what)
      : plot(what),
        times_run(static_cast<std::size_t>(what.items)),
        arenas(static_cast<std::size_t>(what.workers + (what.care.item_by_item() ? 4 : 0))),
        collected(arenas.size()) {
    for (auto* seats : {&reaped, &died, &told}) seats->resize(arenas.size());
  }

  // The backend: src/backends/fork.cpp with fibers for processes.
  const char* name() const override { return "fibers"; }
  engine::Price price() override { return {}; }
  std::optional<std::string> refusal(int&, std::int64_t) override { return std::nullopt; }
  // As many as the plot has, also for fewer items, so that they fight for them; and later those who
  // stand in for the dead.
  int start(ipc::Board& shared, int first, int more) override {
    board = &shared;
    const int wanted = first == 0 ? plot.workers : more;
    const int started = std::min(wanted, static_cast<int>(arenas.size()) - first);
    for (int i = 0; i < started; ++i)
      processes.push_back(interleavings::start([this, seat = first + i] { work(seat); }));
    return started;
  }
  std::vector<backends::Death> deaths() override {
    std::vector<backends::Death> found;
    for (std::size_t i = 0; i < processes.size(); ++i)
      if (!reaped[i] && life_of(processes[i]) != Life::runs) {
        reaped[i] = true;
        const auto seat = static_cast<int>(i);
        if (board->seat(seat).state.load(std::memory_order_acquire) != ipc::SeatState::done)
          died[i] = true;
      }
    for (std::size_t i = 0; i < processes.size(); ++i)
      if (died[i] && !told[i]) {
        told[i] = true;
        found.push_back({.seat = static_cast<int>(i), .signal = 9, .exit_code = {}});
      }
    caller_knows_only_its_books(Place::has_counted_deaths);
    return found;
  }
  void wait(ipc::Board& shared, ns) override {
    wait_until([this] {
      for (std::size_t i = 0; i < processes.size(); ++i)
        if (!reaped[i] && peek_life(processes[i]) != Life::runs) return true;
      return signals() > 0;
    });
    shared.doorbell().silence();
    caller_knows_only_its_books(Place::has_waited);
  }
  void join() override {
    wait_until([&] {
      for (const int process : processes)
        if (peek_life(process) == Life::runs) return false;
      return true;
    });
    joined = true;
  }
  std::int64_t caller_faults() override { return 0; }
  void kill() override { kill_all_others(); }

  // The collector, and the failure that it found.
  void collect(ipc::Board& shared, int seats) override {
    for (int i = 0; i < seats; ++i) {
      const auto seat = static_cast<std::size_t>(i);
      const auto published =
          static_cast<std::size_t>(shared.seat(i).published.load(std::memory_order_acquire));
      for (; collected[seat] < published; ++collected[seat]) {
        if (collected[seat] >= arenas[seat].size()) {
          wrong = "a batch was published before it was written";
          return;
        }
        const Range batch = arenas[seat][collected[seat]];
        results.push_back(batch);
        if (batch.empty()) shared.fail(batch.begin);
      }
    }
    caller_knows_only_its_books(Place::has_collected);
  }
  std::vector<Range> missing() const override {
    const auto delivered = deliveries();
    std::vector<Range> gaps;
    for (std::size_t i = 0; i < delivered.size(); ++i)
      if (const auto item = static_cast<std::int64_t>(i); delivered[i] == 0)
        gaps.push_back({item, item + 1});
    return gaps;
  }
  // So often each item was handed over. A failure in the caller is among its own ranges.
  [[nodiscard]] std::vector<int> deliveries() const {
    std::vector<int> delivered(times_run.size());
    for (const auto* ranges : {&ran, &results})
      for (const Range& range : *ranges)
        for (auto i = range.begin; i < range.end; ++i) ++delivered[static_cast<std::size_t>(i)];
    return delivered;
  }

  // States are told apart by what each process has read; here is all of it that still matters. True
  // for clocks that stand still only: chunks are then of one item, and times are all alike.
  void worker_knows_only(const std::vector<Range>& arena, std::int64_t item) const {
    if (plot.tick_ns == 0) knows_only(hash(arena) * 31 + static_cast<std::uint64_t>(item));
  }
  // `place`: where in its code it is; the books may be the same in several.
  enum class Place { runs_a_strip, has_collected, has_counted_deaths, has_waited };
  void caller_knows_only_its_books(Place place) const {
    if (plot.tick_ns != 0) return;
    auto sorted = results;  // the order in which they came matters to nobody
    std::sort(sorted.begin(), sorted.end(), [](auto a, auto b) { return a.begin < b.begin; });
    std::uint64_t known = hash(sorted) * 31 + hash(ran);
    for (const bool one : reaped) known = 2 * known + (one ? 1 : 0);
    for (const bool one : died) known = 2 * known + (one ? 1 : 0);
    for (const std::size_t done : collected) known = 31 * known + done;
    known = 31 * known + static_cast<std::uint64_t>(orders);
    known = 31 * known + (joined ? 4U : 0U) + static_cast<std::uint64_t>(place);
    knows_only(known);
  }
  [[nodiscard]] static std::uint64_t hash(const std::vector<Range>& ranges) {
    std::uint64_t hash = ranges.size();
    for (const Range& range : ranges)
      hash = hash * 1'000'003 + static_cast<std::uint64_t>(range.begin * 1000 + range.end);
    return hash;
  }

  [[nodiscard]] bool run_item(std::int64_t item) {
    ++times_run[static_cast<std::size_t>(item)];
    return plot.failing.count(item) == 0;
  }

  // As PythonLoop::work_batches.
  void work(int number) {
    OwnClock own(plot.tick_ns, plot.jump_at);
    engine::Worker worker(*board, number, own);
    auto& arena = arenas[static_cast<std::size_t>(number)];
    std::int64_t failed = -1;
    while (worker.begin_batch() && failed < 0) {
      for (Range strip = worker.next(); failed < 0 && !strip.empty(); strip = worker.next())
        for (std::int64_t item = strip.begin; item < strip.end && failed < 0; ++item) {
          worker_knows_only(arena, item);
          worker.seat().in_flight.store(item, std::memory_order_relaxed);
          if (!run_item(item)) failed = item;
        }
      if (failed >= 0) break;
      arena.push_back(worker.batch());
      worker.publish(static_cast<std::int64_t>(arena.size()), ns{});
      worker_knows_only(arena, -1);
    }
    if (failed >= 0) arena.push_back({failed, failed});
    if (failed >= 0) worker.fail(failed, static_cast<std::int64_t>(arena.size()));
    worker.leave({});
  }

  void give_an_order() {
    switch (choose(4)) {
      case 1:
        return board->allow(0);
      case 2:
        return board->allow(board->seat_count());
      case 3:
        return board->dismiss(0, plot.workers);
      default:
        return;
    }
  }

  void call() {
    engine::Options options;
    options.items = plot.items;
    options.most_sharers = plot.workers + 1;
    options.mode = engine::Mode::at_once;
    options.care = plot.care;
    run.emplace(options, clock, body, std::vector<backends::Backend*>{this});
    bool failed = false;
    for (Range strip = run->next(); !failed && !strip.empty(); strip = run->next()) {
      ran.push_back(strip);
      caller_knows_only_its_books(Place::runs_a_strip);
      for (std::int64_t item = strip.begin; item < strip.end && !failed; ++item)
        if (!run_item(item)) {
          run->fail(item);
          failed = true;
        }
      if (failed || plot.caller == Plot::Caller::only_collects) break;
      if (orders++ < plot.orders) give_an_order();
    }
    run->drain(*this);
    drained = true;
  }

  Plot plot;
  std::vector<int> times_run;
  std::vector<std::vector<Range>> arenas;  // each worker's batches; a failure is an empty one
  std::vector<std::size_t> collected;
  std::vector<Range> results;
  std::string wrong;
  bool drained = false, joined = false;
  ipc::Board* board = nullptr;
  std::vector<int> processes;
  std::vector<bool> reaped, died, told;
  std::vector<Range> ran;  // by the caller
  int orders = 0;
  OwnClock clock{0, -1};
  NoBody body;
  std::optional<engine::Run> run;  // last: its end uses the others
};

LoopScene::LoopScene(Plot plot) : plot_(std::move(plot)) {}
LoopScene::~LoopScene() = default;

std::function<void()> LoopScene::begin() {
  world_ = std::make_unique<World>(plot_);
  return [this] { world_->call(); };
}

std::string LoopScene::check() {
  World& world = *world_;
  if (!world.wrong.empty()) return world.wrong;
  if (!world.drained) return "drain has not ended";
  const auto name = [](std::int64_t item) { return "item " + std::to_string(item); };
  const bool deaths = !world.run->deaths().empty();
  const std::int64_t failed = world.run->failed();

  const std::vector<int> delivered = world.deliveries();
  const auto lost = [&](std::int64_t item) {
    const auto& losses = world.run->losses();
    return std::count_if(losses.begin(), losses.end(),
                         [&](const engine::Loss& loss) { return loss.index == item; });
  };
  for (std::size_t i = 0; i < delivered.size(); ++i) {
    const auto item = static_cast<std::int64_t>(i);
    if (world.times_run[i] > 1 + plot_.care.retries) return name(item) + " was run too often";
    if (delivered[i] > 1) return name(item) + " was delivered twice";
    if (deaths && std::ssize(world.run->deaths()) <= plot_.care.retries && lost(item) > 0)
      return name(item) + " was given up too early";
    if (plot_.care.item_by_item() && plot_.failing.empty() && delivered[i] + lost(item) != 1)
      return name(item) + " was delivered " + std::to_string(delivered[i]) + " times and lost " +
             std::to_string(lost(item)) + " times";
    if (item >= failed || deaths) continue;
    if (world.times_run[i] == 0) return name(item) + " was never run, and nobody says so";
    if (delivered[i] == 0 && failed == ipc::Board::kNone)
      return name(item) + " was run, its result is lost, and nobody says so";
  }
  if (!deaths) {
    const std::int64_t lowest = plot_.failing.empty() ? ipc::Board::kNone : *plot_.failing.begin();
    if (failed != lowest)
      return "the lowest failing item is " + std::to_string(lowest) + ", not " +
             std::to_string(failed);
  }
  return "";
}

}  // namespace payoff::interleavings
