// tests/backends/fork_test.cpp: real processes: started, watched, waited for and ended
#include "backends/fork.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "engine/run.hpp"
#include "engine/work.hpp"
#include "machine/prices.hpp"

namespace payoff::backends {
namespace {

using namespace std::chrono_literals;
using engine::Range;
using ipc::Board;
using ipc::SeatState;

// What stands for a language: results are the squares of the indices.
class Hooks final : public ForkHooks {
 public:
  std::optional<std::string> unsafe() override { return why_unsafe; }
  void flush() override {}
  void before() override { order += 'b'; }
  void in_parent() override { order += 'p'; }
  void in_child() override { order += 'c'; }
  void work(Board& board, int seat, ipc::ArenaWriter& arena) noexcept override {
    if (custom) return custom(board, seat);
    engine::Worker worker(board, seat, machine::steady_clock());
    while (worker.begin_batch()) {
      std::vector<std::int64_t> results;
      for (Range strip = worker.next(); !strip.empty(); strip = worker.next()) {
        for (auto i = strip.begin; i < strip.end; ++i) {
          worker.seat().in_flight.store(i, std::memory_order_relaxed);
          item(i);
          results.push_back(i * i);
        }
      }
      arena.begin(worker.batch(), 1);
      const auto bytes = static_cast<std::int64_t>(results.size() * sizeof(std::int64_t));
      std::memcpy(arena.reserve(bytes), results.data(), static_cast<std::size_t>(bytes));
      worker.publish(arena.finish(), 0ns);
    }
    worker.leave({});
  }
  void blocking(const std::function<void()>& wait) override { wait(); }
  void check_signals() override { ++signals; }

  std::optional<std::string> why_unsafe;
  std::function<void(Board&, int)> custom;
  std::function<void(std::int64_t)> item = [](std::int64_t) {};
  std::string order;
  int signals = 0;
};

class QuietBody final : public engine::Body {
 public:
  ns watch(std::int64_t) override { return {}; }
  std::optional<Stay> must_stay(std::int64_t, engine::Where) override { return std::nullopt; }
  engine::Transport transport() override { return {}; }
  std::int64_t bytes_copied_on_write() override { return 0; }
};

class Squares final : public engine::Collector {
 public:
  Squares(Fork& fork, std::int64_t items) : fork_(fork), values(static_cast<std::size_t>(items)) {}
  void collect(Board& board, int seats) override {
    done_.resize(static_cast<std::size_t>(seats));
    for (int i = 0; i < seats; ++i) {
      auto& done = done_[static_cast<std::size_t>(i)];
      const auto published = board.seat(i).published.load(std::memory_order_acquire);
      if (published == done) continue;
      const ipc::ArenaView view(fork_.arena(i), done, published);
      while (done < published) {
        const auto& header = *reinterpret_cast<const ipc::BatchHeader*>(view.at(done));
        const auto* results = reinterpret_cast<const std::int64_t*>(&header + 1);
        for (auto k = header.range.begin; k < header.range.end; ++k)
          values[static_cast<std::size_t>(k)] += *results++;
        done = header.next;
      }
    }
  }

 private:
  Fork& fork_;
  std::vector<std::int64_t> done_;

 public:
  std::vector<std::int64_t> values;
};

struct Destroy {
  void operator()(Board* board) const { Board::destroy(board); }
};

// The status of children that nobody has waited for, zombies included.
bool has_children() { return waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD; }

int open_files() {
  int count = 0;
  for (int fd = 0; fd < 256; ++fd) count += fcntl(fd, F_GETFD) != -1;
  return count;
}

class ForkTest : public testing::Test {
 protected:
  void open(std::int64_t items) { board_.reset(Board::create(items, 4)); }
  // Waits as drain() does, until all workers have left or died.
  std::vector<Death> wait_for_all(int workers) {
    std::vector<Death> all;
    for (;;) {
      for (const Death& death : fork_.deaths()) all.push_back(death);
      int over = static_cast<int>(all.size());
      for (int i = 0; i < workers; ++i) over += board_->seat(i).state == SeatState::done;
      if (over == workers) return all;
      fork_.wait(*board_, 100ms);
    }
  }

  Hooks hooks_;
  Fork fork_{hooks_};
  std::unique_ptr<Board, Destroy> board_;
};

TEST_F(ForkTest, RunsALoopFromItsFirstItemToItsReceipt) {
  constexpr std::int64_t kItems = 3000;
  const int files = open_files();
  {
    Hooks hooks;
    Fork fork(hooks);
    QuietBody body;
    Squares squares(fork, kItems);
    hooks.item = [](std::int64_t) { std::this_thread::sleep_for(20us); };
    engine::Run run({.items = kItems, .most_sharers = 3, .mode = engine::Mode::at_once},
                    machine::steady_clock(), body, fork);
    for (Range strip = run.next(); !strip.empty(); strip = run.next()) {
      for (auto i = strip.begin; i < strip.end; ++i) {
        hooks.item(i);
        squares.values[static_cast<std::size_t>(i)] += i * i;
      }
    }
    run.drain(squares);
    const Receipt receipt = run.receipt();
    for (std::int64_t i = 0; i < kItems; ++i)
      ASSERT_EQ(squares.values[static_cast<std::size_t>(i)], i * i) << "once, and right";
    EXPECT_EQ(receipt.workers, 3);
    EXPECT_EQ(receipt.backend, "fork");
    EXPECT_GT(receipt.accounts[1].items, 0);
    EXPECT_GT(receipt.bytes_out, 0);
    EXPECT_NEAR(receipt.buckets.total().count(), 3 * receipt.wall.count(), 1e-9);
    EXPECT_FALSE(has_children()) << "no zombies";
  }
  EXPECT_EQ(open_files(), files) << "arenas, pidfds and the doorbell are closed";
}

TEST_F(ForkTest, CallsTheLanguageAroundEachFork) {
  open(0);
  ASSERT_EQ(fork_.start(*board_, 0, 2), 2);
  EXPECT_EQ(hooks_.order, "bpbp");
  EXPECT_TRUE(wait_for_all(2).empty());
  fork_.join();
}

TEST_F(ForkTest, TellsTheSignalAndTheExitCodeOfTheDead) {
  open(100);
  hooks_.custom = [](Board& board, int seat) {
    board.seat(seat).in_flight = 40 + seat;
    if (seat == 0) raise(SIGKILL);
    if (seat == 1) _exit(17);
    if (seat == 2) abort();
    _exit(0);  // without a word: a death as well
  };
  ASSERT_EQ(fork_.start(*board_, 0, 4), 4);
  const auto deaths = wait_for_all(4);
  ASSERT_EQ(deaths.size(), 4u);
  for (const Death& death : deaths) {
    const std::optional<int> signals[] = {SIGKILL, {}, SIGABRT, {}};
    const std::optional<int> codes[] = {{}, 17, {}, 0};
    EXPECT_EQ(death.signal, signals[death.seat]);
    EXPECT_EQ(death.exit_code, codes[death.seat]);
    EXPECT_EQ(board_->seat(death.seat).in_flight, 40 + death.seat);
  }
  EXPECT_TRUE(fork_.deaths().empty()) << "told once";
  EXPECT_FALSE(has_children());
}

TEST_F(ForkTest, SurvivesAStolenExitStatus) {
  open(100);
  hooks_.custom = [](Board&, int) { _exit(3); };
  ASSERT_EQ(fork_.start(*board_, 0, 1), 1);
  while (waitpid(-1, nullptr, 0) > 0) {  // a user's own
  }
  const auto deaths = fork_.deaths();
  ASSERT_EQ(deaths.size(), 1u);
  EXPECT_FALSE(deaths[0].signal.has_value());
  EXPECT_FALSE(deaths[0].exit_code.has_value());
  fork_.join();
}

TEST_F(ForkTest, DoesNotCallALeaverDead) {
  open(100);
  ASSERT_EQ(fork_.start(*board_, 0, 3), 3);
  EXPECT_TRUE(wait_for_all(3).empty());
  fork_.join();
  EXPECT_TRUE(fork_.deaths().empty());
  EXPECT_FALSE(has_children());
}

// Who has announced its end has nothing left to do, and is not waited for until somebody sends it a
// SIGCONT.
TEST_F(ForkTest, SeesOffALeaverThatIsStopped) {
  open(1);
  hooks_.custom = [](Board& board, int seat) {
    board.seat(seat).state.store(SeatState::done);
    raise(SIGSTOP);
  };
  ASSERT_EQ(fork_.start(*board_, 0, 2), 2);
  EXPECT_TRUE(wait_for_all(2).empty());
  while (!fork_.is_stopped(0)) std::this_thread::yield();
  fork_.join();
  EXPECT_TRUE(fork_.deaths().empty());
  EXPECT_FALSE(fork_.is_stopped(0));
  EXPECT_FALSE(has_children());
}

TEST_F(ForkTest, KillsAtOnceWhateverWorkersDo) {
  open(100);
  hooks_.custom = [](Board& board, int) {
    signal(SIGTERM, SIG_IGN);
    board.allow(0);
    for (;;) pause();
  };
  ASSERT_EQ(fork_.start(*board_, 0, 3), 3);
  while (board_->may_claim(0) != ipc::Leave::later) std::this_thread::yield();
  const auto before = std::chrono::steady_clock::now();
  fork_.kill();
  EXPECT_LT(std::chrono::steady_clock::now() - before, 500ms);
  EXPECT_FALSE(has_children());
}

TEST_F(ForkTest, WaitsForAPublicationADeathOrTheTime) {
  open(100);
  board_->wake_caller_from_now_on();
  hooks_.custom = [](Board& board, int seat) {
    while (board.may_claim(seat) == ipc::Leave::yes) std::this_thread::sleep_for(1ms);
    if (seat == 1) _exit(1);
    board.wake_caller();
    board.seat(0).items = 1;
    for (;;) pause();
  };
  ASSERT_EQ(fork_.start(*board_, 0, 2), 2);
  const auto timed = [&](ns at_most) {
    const auto before = std::chrono::steady_clock::now();
    fork_.wait(*board_, at_most);
    return std::chrono::steady_clock::now() - before;
  };
  EXPECT_GE(timed(30ms), 25ms) << "nothing happens";
  board_->allow(0);
  EXPECT_LT(timed(5s), 3s) << "a ring, or the death";
  while (fork_.deaths().empty()) EXPECT_LT(timed(5s), 3s) << "the death";
  while (board_->seat(0).items == 0) std::this_thread::yield();
  (void)timed(0ms);
  EXPECT_GE(timed(30ms), 25ms) << "both are behind us";
  fork_.kill();
}

TEST_F(ForkTest, RefusesWhenTheLanguageSaysSo) {
  int more = 3;
  hooks_.why_unsafe = "another thread runs";
  EXPECT_EQ(fork_.refusal(more, 0), "another thread runs");
  hooks_.why_unsafe = std::nullopt;
  EXPECT_EQ(fork_.refusal(more, 0), std::nullopt);
}

TEST_F(ForkTest, StartsNoMoreWorkersThanFitTheMemory) {
  int more = 1'000'000;
  ASSERT_EQ(fork_.refusal(more, 0), std::nullopt);
  EXPECT_LT(more, 1'000'000);
  EXPECT_GE(more, 1);
  const int fit = more;
  more = 1'000'000;
  ASSERT_EQ(fork_.refusal(more, std::int64_t{16} << 20), std::nullopt);
  EXPECT_LT(more, fit) << "results need room too";
  const auto no = fork_.refusal(more, std::int64_t{1} << 50);
  ASSERT_TRUE(no.has_value());
  EXPECT_NE(no->find("MB"), std::string::npos) << *no;
}

TEST_F(ForkTest, KnowsItselfAsAWorker) {
  EXPECT_FALSE(inside_a_worker());
  open(100);
  hooks_.custom = [this](Board&, int) {
    int more = 1;
    _exit(inside_a_worker() && fork_.refusal(more, 0).has_value() ? 21 : 22);
  };
  ASSERT_EQ(fork_.start(*board_, 0, 1), 1);
  EXPECT_EQ(wait_for_all(1)[0].exit_code, 21);
  EXPECT_FALSE(inside_a_worker());
}

TEST_F(ForkTest, IgnoresCtrlCInWorkers) {
  open(100);
  hooks_.custom = [](Board&, int) {
    raise(SIGINT);  // it reaches the whole terminal; only the caller decides
    _exit(5);
  };
  ASSERT_EQ(fork_.start(*board_, 0, 1), 1);
  EXPECT_EQ(wait_for_all(1)[0].exit_code, 5);
}

TEST_F(ForkTest, RestoresTheCallersSignals) {
  sigset_t before, after;
  sigemptyset(&before);
  sigaddset(&before, SIGUSR1);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  open(0);
  ASSERT_EQ(fork_.start(*board_, 0, 1), 1);
  pthread_sigmask(SIG_SETMASK, nullptr, &after);
  for (const int number : {SIGINT, SIGTERM, SIGCHLD, SIGUSR1})
    EXPECT_EQ(sigismember(&after, number), number == SIGUSR1);
  sigemptyset(&before);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  wait_for_all(1);
  fork_.join();
}

// The caller dies without a word: its workers must not work on for nobody.
TEST(ForkOrphans, EndWithTheirParent) {
  int gate[2];
  ASSERT_EQ(pipe(gate), 0);
  const pid_t caller = fork();
  if (caller == 0) {
    close(gate[0]);
    Hooks hooks;
    Fork backend(hooks);
    Board* board = Board::create(10, 2);
    hooks.custom = [](Board& b, int) {
      b.allow(0);
      for (;;) pause();
    };
    if (backend.start(*board, 0, 2) != 2) _exit(1);
    while (board->may_claim(0) != ipc::Leave::later) std::this_thread::yield();
    std::this_thread::sleep_for(20ms);
    raise(SIGKILL);
  }
  close(gate[1]);
  waitpid(caller, nullptr, 0);
  // The workers hold the other end of the pipe: it closes with the last of them.
  char byte = 0;
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(read(gate[0], &byte, 1), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 1s);
  close(gate[0]);
}

TEST_F(ForkTest, PricesAForkByItsPageTablesAndByExperience) {
  const engine::Price price = fork_.price();
  EXPECT_GT(price.each, 0ns);
  EXPECT_LT(price.each, 1s);
  EXPECT_GT(price.idle, 0ns) << "a child does not claim at once";
  EXPECT_EQ(price.copied_page, machine::fork_price().copied_page());
  EXPECT_EQ(price.copying, 0ns) << "what the caller copies is the engine's to know";
}

TEST_F(ForkTest, IsNeverCheaperThanItsLeastPrice) {
  const engine::Price least = fork_.least_price();
  EXPECT_GT(least.each, 0ns);
  EXPECT_EQ(least.known, engine::Price::Known::at_least);
  const engine::Price price = fork_.price();
  EXPECT_LE(least.each, price.each);
  EXPECT_LE(least.idle, price.idle);
  EXPECT_EQ(price.known, engine::Price::Known::measured);
  EXPECT_LT(fork_.least_price().each, price.each) << "a calibration may make it cheaper";
  const engine::Price again = fork_.price();
  EXPECT_EQ(fork_.least_price().each, again.each) << "all that there is is known by now";
}

// A backend that is told to start at once has not been asked for its price before: what it then
// learns must be about the page tables that there are.
TEST_F(ForkTest, LearnsThePriceOfThePageTablesThatItCopied) {
  constexpr std::size_t kBallast = std::size_t{384} << 20;  // 768 KB of page tables
  auto* ballast = static_cast<char*>(mmap(nullptr, kBallast, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  ASSERT_NE(ballast, MAP_FAILED);
  madvise(ballast, kBallast, MADV_NOHUGEPAGE);
  for (std::size_t i = 0; i < kBallast; i += 4096) (void)*const_cast<volatile char*>(ballast + i);
  // The lowest of what is believed after each of some forks: a busy machine only adds.
  auto& believed = machine::fork_price();
  const auto after_forks = [&](auto ask) {
    ns lowest = ns::max();
    for (int i = 0; i < 8; ++i) {
      Hooks hooks;
      Fork fork(hooks);
      ask(fork);
      open(0);
      EXPECT_EQ(fork.start(*board_, 0, 1), 1);
      fork.kill();
      if (i >= 4) lowest = std::min(lowest, believed.call(1 << 20));
    }
    return lowest;
  };
  const ns before = after_forks([](Fork& fork) { (void)fork.price(); });
  const ns after = after_forks([](Fork&) {});
  munmap(ballast, kBallast);
  EXPECT_LT(after, 3 * before) << "the price of one and the same fork";
  EXPECT_GT(after, before / 3);
}

}  // namespace
}  // namespace payoff::backends
