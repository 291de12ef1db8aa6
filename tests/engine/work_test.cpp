// tests/engine/work_test.cpp: a worker's claims, strips, publications and account
#include "engine/work.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <vector>

#include "backends/mock.hpp"

namespace payoff::engine {
namespace {

using namespace std::chrono_literals;
using ipc::Board;
using ipc::SeatState;

struct Destroy {
  void operator()(Board* board) const { Board::destroy(board); }
};

// A worker in seat 1 of a loop whose items all cost the same.
class WorkerTest : public testing::Test {
 protected:
  void open(std::int64_t items, ns item, std::optional<ns> believed = {}) {
    item_ = item;
    board_.reset(Board::create(items, 2));
    board_->item_ns = believed.value_or(item).count();
    board_->chunk_cap_ns = ns(200ms).count();
    board_->chunk_floor_ns = ns(60us).count();
    worker_ = std::make_unique<Worker>(*board_, 1, clock_);
  }
  // One strip as the language runs it.
  Range strip() {
    const Range strip = worker_->next();
    clock_.advance(item_ * strip.size());
    return strip;
  }
  // All strips of one batch, then its publication.
  Range batch() {
    if (!worker_->begin_batch()) return {};
    while (!strip().empty()) {
    }
    const Range done = worker_->batch();
    bytes_ += 8 * done.size();
    worker_->publish(bytes_, encoding_);
    return done;
  }

  backends::FakeClock clock_;
  std::unique_ptr<Board, Destroy> board_;
  std::unique_ptr<Worker> worker_;
  ns item_{}, encoding_{};
  std::int64_t bytes_ = 0;
};

TEST_F(WorkerTest, RunsEveryItemOnceAndInOrder) {
  open(10'000, 3us);
  std::int64_t next = 0;
  for (Range done = batch(); !done.empty(); done = batch()) {
    EXPECT_EQ(done.begin, next);
    next = done.end;
  }
  EXPECT_EQ(next, 10'000);
  EXPECT_EQ(worker_->seat().items, 10'000);
  EXPECT_EQ(worker_->seat().run, 10'000);
  EXPECT_EQ(board_->unclaimed(), 0);
}

TEST_F(WorkerTest, RunsExactlyItsChunkStripByStrip) {
  open(1000, 100us);
  ASSERT_TRUE(worker_->begin_batch());
  EXPECT_EQ(board_->unclaimed(), 750) << "half of a fair share of two";
  std::int64_t next = 0;
  for (Range s = strip(); !s.empty(); s = strip()) {
    EXPECT_EQ(s.begin, next);
    EXPECT_LE(s.end, 250);
    next = s.end;
  }
  EXPECT_EQ(worker_->batch(), (Range{0, next}));
}

TEST_F(WorkerTest, BeginsWithHalfAStripOfTheCallersItems) {
  open(1'000'000, 1us);
  ASSERT_TRUE(worker_->begin_batch());
  EXPECT_EQ(strip().size(), 26);
}

TEST_F(WorkerTest, DoublesItsStripsUpToFiftyMicroseconds) {
  open(1'000'000, 1us);
  ASSERT_TRUE(worker_->begin_batch());
  std::int64_t before = 26;
  for (int i = 0; i < 50; ++i) {
    const Range s = strip();
    ASSERT_LE(s.size(), 2 * before);
    ASSERT_LE(s.size(), 55);
    before = s.size();
  }
  EXPECT_EQ(before, 50);
}

TEST_F(WorkerTest, PublishesEveryTenMilliseconds) {
  open(100'000, 100us);
  std::int64_t published = 0;
  int batches = 0;
  ns last = clock_.now();
  while (batches < 40) {
    const Range done = batch();
    ASSERT_FALSE(done.empty());
    ASSERT_LE(clock_.now() - last, 10ms + item_) << "what a dead worker takes with it";
    last = clock_.now();
    EXPECT_GT(worker_->seat().published.load(), published);
    published = worker_->seat().published;
    ++batches;
  }
  // Nor much more often: a publication costs. The chunk of 200 ms makes about twenty.
  EXPECT_GE(worker_->seat().items, 40 * 80);
}

TEST_F(WorkerTest, PublishesEachItemThatIsLongerThanTenMilliseconds) {
  open(100, 50ms);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(batch().size(), 1);
}

TEST_F(WorkerTest, ContinuesItsChunkInTheNextBatch) {
  open(10'000, 100us);
  const Range first = batch();
  const std::int64_t left = board_->unclaimed();
  const Range second = batch();
  EXPECT_EQ(second.begin, first.end);
  EXPECT_EQ(board_->unclaimed(), left) << "nothing new was claimed";
}

TEST_F(WorkerTest, HeedsTheCallersCap) {
  open(1'000'000, 10us);
  board_->chunk_cap_ns = ns(1ms).count();
  ASSERT_TRUE(worker_->begin_batch());
  EXPECT_EQ(board_->unclaimed(), 1'000'000 - 100);
}

TEST_F(WorkerTest, HeedsTheNumberOfSharers) {
  open(1000, 100us);
  board_->sharers = 5;
  ASSERT_TRUE(worker_->begin_batch());
  EXPECT_EQ(board_->unclaimed(), 900);
}

TEST_F(WorkerTest, LearnsItsOwnItemCost) {
  open(1'000'000, 100us, 1us);  // the caller's items were a hundred times cheaper
  board_->chunk_cap_ns = ns(10ms).count();
  ASSERT_TRUE(worker_->begin_batch());
  EXPECT_EQ(board_->unclaimed(), 990'000);
  while (!strip().empty()) {
  }
  worker_->publish(8, 0ns);
  while (board_->unclaimed() == 990'000) ASSERT_FALSE(batch().empty());
  EXPECT_NEAR(static_cast<double>(990'000 - board_->unclaimed()), 100, 5);
}

TEST_F(WorkerTest, AbandonsWhatLiesAboveAFailure) {
  open(100'000, 100us);
  ASSERT_TRUE(worker_->begin_batch());
  while (strip().end < 20) {
  }
  board_->fail(5);  // another worker's
  EXPECT_TRUE(worker_->next().empty()) << "the loop would not have come here";
  const Range done = worker_->batch();
  EXPECT_GE(done.size(), 20) << "what is done is published all the same";
  EXPECT_LT(done.size(), 40);
  worker_->publish(8, 0ns);
  EXPECT_FALSE(worker_->begin_batch());
}

TEST_F(WorkerTest, FinishesWhatLiesBelowAFailure) {
  open(1000, 100us);
  ASSERT_TRUE(worker_->begin_batch());
  strip();
  board_->fail(900);
  Range done = worker_->batch();
  do {
    while (!strip().empty()) {
    }
    done = worker_->batch();
    worker_->publish(8, 0ns);
  } while (worker_->begin_batch());
  EXPECT_EQ(done.end, 250) << "its chunk, to the end: a lower item may fail first";
}

TEST_F(WorkerTest, ClaimsNothingAfterAFailure) {
  open(1000, 100us);
  board_->fail(0);
  EXPECT_FALSE(worker_->begin_batch());
  EXPECT_EQ(board_->unclaimed(), 1000);
}

TEST_F(WorkerTest, LeavesWhenItIsDismissed) {
  open(1000, 100us);
  ASSERT_TRUE(worker_->begin_batch());
  board_->dismiss();
  EXPECT_FALSE(strip().empty()) << "its chunk is finished first";
  while (!strip().empty()) {
  }
  worker_->publish(8, 0ns);
  while (worker_->begin_batch()) {
    while (!strip().empty()) {
    }
    worker_->publish(8, 0ns);
  }
  EXPECT_EQ(worker_->seat().items, 250);
}

TEST_F(WorkerTest, KeepsItsAccount) {
  open(500, 100us);
  encoding_ = 7us;
  EXPECT_EQ(worker_->seat().state, SeatState::starting);
  EXPECT_EQ(worker_->seat().in_flight, -1);
  clock_.advance(5ms);
  const ns claimed = clock_.now();
  int batches = 0;
  ASSERT_TRUE(worker_->begin_batch());
  EXPECT_EQ(worker_->seat().state, SeatState::working);
  EXPECT_EQ(worker_->seat().in_flight, 0) << "from the claim on it is known what is at risk";
  do {
    while (!strip().empty()) {
    }
    worker_->publish(++batches, encoding_);
    EXPECT_EQ(worker_->seat().last_done_ns, clock_.now().count());
  } while (worker_->begin_batch());
  const auto& seat = worker_->seat();
  EXPECT_EQ(seat.compute_ns, ns(500 * 100us).count());
  EXPECT_EQ(seat.encode_ns, batches * 7000);
  EXPECT_EQ(seat.first_claim_ns, claimed.count()) << "the first, not the last";
  EXPECT_EQ(seat.published, batches);
  worker_->leave({.cpu = 48ms, .run_delay = 2ms, .faults = 17});
  EXPECT_EQ(seat.state, SeatState::done);
  EXPECT_EQ(seat.in_flight, -1);
  EXPECT_EQ(seat.cpu_ns, ns(48ms).count());
  EXPECT_EQ(seat.run_delay_ns, ns(2ms).count());
  EXPECT_EQ(seat.faults, 17);
  EXPECT_EQ(seat.last_done_ns, clock_.now().count());
}

TEST_F(WorkerTest, TellsItsFailure) {
  open(1000, 100us);
  ASSERT_TRUE(worker_->begin_batch());
  strip();
  worker_->fail(0, 64);
  EXPECT_EQ(board_->failed(), 0);
  EXPECT_EQ(worker_->seat().published, 64);
  EXPECT_TRUE(board_->claim(1).empty());
}

// An item that is finished and published is at risk no more: a worker that is killed while it
// waits for leave to claim takes nothing with it.
TEST_F(WorkerTest, HasNothingInFlightBetweenItsChunks) {
  open(1000, 1ms);
  board_->sharers = 500;
  ASSERT_FALSE(batch().empty());
  board_->dismiss();
  while (worker_->begin_batch()) {
    while (!strip().empty()) {
    }
    worker_->publish(8, 0ns);
  }
  EXPECT_EQ(worker_->seat().in_flight, -1);
}

TEST_F(WorkerTest, RingsWhenTheCallerSleeps) {
  open(1000, 100us);
  batch();
  board_->wake_caller_from_now_on();
  const auto rung = [&] {
    std::uint64_t rings = 0;
    return read(board_->doorbell().fd(), &rings, sizeof rings) == sizeof rings;
  };
  EXPECT_FALSE(rung());
  batch();
  EXPECT_TRUE(rung());
  worker_->fail(3, 8);
  EXPECT_TRUE(rung());
  worker_->leave({});
  EXPECT_TRUE(rung());
}

}  // namespace
}  // namespace payoff::engine
