// tests/ipc/board_test.cpp: claims in order and disjoint, the lowest failure, leave to claim
#include "ipc/board.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace payoff::ipc {
namespace {

struct Destroy {
  void operator()(Board* board) const { Board::destroy(board); }
};
using OwnedBoard = std::unique_ptr<Board, Destroy>;

OwnedBoard board_of(std::int64_t items, int seats = 4) {
  return OwnedBoard(Board::create(items, seats));
}

TEST(Claims, ComeInOrderAndDoNotOverlap) {
  const auto board = board_of(100);
  EXPECT_EQ(board->claim(10), (Range{0, 10}));
  EXPECT_EQ(board->claim(1), (Range{10, 11}));
  EXPECT_EQ(board->unclaimed(), 89);
  EXPECT_EQ(board->claim(1000), (Range{11, 100})) << "no more than there are";
  EXPECT_TRUE(board->claim(1).empty());
  EXPECT_EQ(board->unclaimed(), 0);
}

TEST(Claims, HoldAtLeastOneItem) {
  const auto board = board_of(10);
  EXPECT_EQ(board->claim(0), (Range{0, 1}));
  EXPECT_EQ(board->claim(-7), (Range{1, 2}));
}

TEST(Claims, OfNothingAreEmpty) { EXPECT_TRUE(board_of(0)->claim(1).empty()); }

TEST(Claims, BeginWhereTheCallerOpens) {
  const auto board = board_of(100);
  board->open(40);
  EXPECT_EQ(board->unclaimed(), 60);
  EXPECT_EQ(board->claim(10), (Range{40, 50}));
}

TEST(Claims, EndWithAFailure) {
  const auto board = board_of(100);
  EXPECT_FALSE(board->claim(10).empty());
  board->fail(99);
  EXPECT_TRUE(board->claim(10).empty());
}

TEST(Failure, IsTheLowestKnown) {
  const auto board = board_of(100);
  EXPECT_EQ(board->failed(), Board::kNone);
  board->fail(50);
  EXPECT_EQ(board->failed(), 50);
  board->fail(70);
  EXPECT_EQ(board->failed(), 50);
  board->fail(0);
  EXPECT_EQ(board->failed(), 0);
}

TEST(Leave, IsGivenToSeatsBelowTheLimit) {
  const auto board = board_of(100);
  EXPECT_EQ(board->may_claim(3), Leave::yes) << "at first to all";
  board->allow(2);
  EXPECT_EQ(board->may_claim(0), Leave::yes);
  EXPECT_EQ(board->may_claim(1), Leave::yes);
  EXPECT_EQ(board->may_claim(2), Leave::later);
  board->allow(0);
  EXPECT_EQ(board->may_claim(0), Leave::later);
  board->allow(4);
  EXPECT_EQ(board->may_claim(3), Leave::yes);
}

TEST(Leave, IsNotWaitedForWhenNothingIsLeft) {
  const auto board = board_of(10);
  board->allow(0);
  EXPECT_FALSE(board->claim(10).empty());
  EXPECT_EQ(board->may_claim(0), Leave::never);
  EXPECT_FALSE(board->wait_for_leave_to_claim(0));
}

TEST(Leave, IsNeverGivenToTheDismissed) {
  const auto board = board_of(10);
  board->dismiss();
  EXPECT_EQ(board->may_claim(0), Leave::never);
  EXPECT_FALSE(board->wait_for_leave_to_claim(0));
}

TEST(Leave, IsThereForWorkersThatComeAfterADismissal) {
  const auto board = board_of(10);
  board->allow(0);
  board->dismiss(0, 1);
  EXPECT_EQ(board->may_claim(0), Leave::never);
  EXPECT_EQ(board->may_claim(1), Leave::yes);
  board->allow(board->seat_count());
  EXPECT_EQ(board->may_claim(0), Leave::never) << "for good";
}

// Across processes: a process-private futex would sleep for its whole second.
TEST(Leave, WakesAWaitingProcess) {
  using namespace std::chrono_literals;
  for (const bool dismissed : {false, true}) {
    const auto board = board_of(10);
    board->allow(0);
    const pid_t child = fork();
    if (child == 0) _exit(board->wait_for_leave_to_claim(1) ? 1 : 2);
    std::this_thread::sleep_for(50ms);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, WNOHANG), 0) << "it waits";
    const auto before = std::chrono::steady_clock::now();
    dismissed ? board->dismiss() : board->allow(2);
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), dismissed ? 2 : 1);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 600ms);
  }
}

TEST(Seats, AreSeparateLinesOfTheCache) {
  const auto board = board_of(10, 5);
  EXPECT_EQ(board->seat_count(), 5);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&board->seat(i)) % 64, 0u);
    EXPECT_EQ(board->seat(i).in_flight, -1);
    EXPECT_EQ(board->seat(i).state, SeatState::starting);
    board->seat(i).items = i;
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(board->seat(i).items, i);
}

// Runs `work` in so many processes at once; each must end with exit status 0.
template <class Work>
void in_processes(int count, Work work) {
  int gate[2];
  ASSERT_EQ(pipe(gate), 0);
  std::vector<pid_t> children;
  for (int i = 0; i < count; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      close(gate[1]);
      char byte = 0;
      if (read(gate[0], &byte, 1) != 0) _exit(9);  // all start when the gate closes
      work(i);
      _exit(0);
    }
    children.push_back(child);
  }
  close(gate[0]);
  close(gate[1]);
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
}

template <class T>
T* shared(std::size_t count) {
  void* memory =
      mmap(nullptr, count * sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<T*>(memory);
}

TEST(ClaimsOfProcesses, TakeEachItemExactlyOnce) {
  constexpr std::int64_t kItems = 400'000;
  constexpr int kProcesses = 4;
  const auto board = board_of(kItems);
  auto* const times = shared<std::atomic<std::uint8_t>>(kItems);
  ASSERT_NE(times, nullptr);
  in_processes(kProcesses, [&](int seat) {
    std::int64_t claims = 0;
    for (;;) {  // one by one as fast as can be, and now and then some more
      const Range range = board->claim(++claims % 64 == 0 ? 7 : 1);
      if (range.empty()) return;
      for (std::int64_t i = range.begin; i < range.end; ++i) times[i].fetch_add(1);
      board->seat(seat).items.fetch_add(range.size());
    }
  });
  std::int64_t wrong = 0, sum = 0;
  for (std::int64_t i = 0; i < kItems; ++i) wrong += times[i] != 1;
  for (int i = 0; i < kProcesses; ++i) sum += board->seat(i).items;
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(sum, kItems);
  munmap(times, kItems);
}

TEST(ClaimsOfProcesses, LeaveNoGapBelowAFailure) {
  constexpr std::int64_t kItems = 200'000;
  for (int round = 0; round < 5; ++round) {
    const auto board = board_of(kItems);
    auto* const times = shared<std::atomic<std::uint8_t>>(kItems);
    ASSERT_NE(times, nullptr);
    in_processes(4, [&](int seat) {
      for (;;) {
        const Range range = board->claim(3);
        if (range.empty()) return;
        for (std::int64_t i = range.begin; i < range.end; ++i) {
          times[i].fetch_add(1);
          if (i % 10'000 == 5'000 + seat) return board->fail(i);  // each its own items
        }
      }
    });
    const std::int64_t failed = board->failed();
    ASSERT_NE(failed, Board::kNone);
    std::int64_t missing = 0;
    for (std::int64_t i = 0; i < failed; ++i) missing += times[i] != 1;
    EXPECT_EQ(missing, 0) << "all below the lowest failing item has been claimed and run";
    munmap(times, kItems);
  }
}

TEST(Doorbell, IsOnlyRungForACallerThatSleeps) {
  const auto board = board_of(10);
  std::uint64_t rings = 0;
  board->wake_caller();
  EXPECT_EQ(read(board->doorbell().fd(), &rings, sizeof rings), -1) << "a ring costs a system call";
  board->wake_caller_from_now_on();
  in_processes(3, [&](int) { board->wake_caller(); });
  ASSERT_EQ(read(board->doorbell().fd(), &rings, sizeof rings), static_cast<ssize_t>(sizeof rings));
  EXPECT_EQ(rings, 3u) << "none is lost, also before anybody waits";
}

TEST(Doorbell, ForgetsWhenItIsSilenced) {
  const Doorbell bell;
  bell.ring();
  bell.silence();
  std::uint64_t rings = 0;
  EXPECT_EQ(read(bell.fd(), &rings, sizeof rings), -1);
  bell.silence();  // and does not block without a ring
}

}  // namespace
}  // namespace payoff::ipc
