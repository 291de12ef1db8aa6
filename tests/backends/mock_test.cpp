// tests/backends/mock_test.cpp: the simulated workers themselves: where would they be by now?
#include "backends/mock.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace payoff::backends {
namespace {

using namespace std::chrono_literals;
using ipc::Board;

struct Destroy {
  void operator()(Board* board) const { Board::destroy(board); }
};

class MockTest : public testing::Test {
 protected:
  void open(Script script) {
    script.price = 3ms;
    script.believed_price = 4ms;
    script.start_delay = 1ms;
    board_.reset(Board::create(static_cast<std::int64_t>(script.costs.size()), 4));
    board_->item_ns = 1'000'000;
    board_->chunk_cap_ns = ns(2ms).count();
    board_->chunk_floor_ns = ns(60us).count();
    mock_ = std::make_unique<Mock>(script, clock_);
  }
  FakeClock clock_;
  std::unique_ptr<Board, Destroy> board_;
  std::unique_ptr<Mock> mock_;
};

TEST_F(MockTest, ChargesTheRealPriceAndTellsTheBelievedOne) {
  open({.costs = std::vector<ns>(100, 1ms)});
  EXPECT_EQ(mock_->price().each, 4ms);
  const ns before = clock_.now();
  EXPECT_EQ(mock_->start(*board_, 0, 2), 2);
  EXPECT_EQ(clock_.now() - before, 6ms);
}

TEST_F(MockTest, WorkersComeAsFarAsTimeAllows) {
  open({.costs = std::vector<ns>(100, 1ms)});
  (void)mock_->start(*board_, 0, 1);
  (void)mock_->deaths();
  EXPECT_EQ(board_->unclaimed(), 100) << "the start takes a while";
  clock_.advance(1ms);
  (void)mock_->deaths();
  EXPECT_EQ(board_->unclaimed(), 98) << "one chunk of two items";
  clock_.advance(1999us);
  (void)mock_->deaths();
  EXPECT_EQ(board_->seat(0).items, 0);
  clock_.advance(1us);
  (void)mock_->deaths();
  EXPECT_EQ(board_->seat(0).items, 2);
  EXPECT_EQ(board_->unclaimed(), 96);
}

TEST_F(MockTest, CompanySlowsEverybodyDown) {
  open({.costs = std::vector<ns>(100, 1ms), .slowdown = 2});
  (void)board_->claim(10);
  mock_->run_for_caller({0, 1});
  EXPECT_EQ(clock_.now(), 1ms + 1ns) << "alone";
  (void)mock_->start(*board_, 0, 1);
  clock_.advance(1ms);
  (void)mock_->deaths();  // the worker claims
  const ns before = clock_.now();
  mock_->run_for_caller({1, 2});
  EXPECT_EQ(clock_.now() - before, 2ms);
  EXPECT_EQ(board_->seat(0).compute_ns, ns(4ms).count());
}

TEST_F(MockTest, AWorkerDiesAtItsItem) {
  open({.costs = std::vector<ns>(100, 1ms), .die_at = 5});
  (void)mock_->start(*board_, 2, 1);
  clock_.advance(1s);
  const auto deaths = mock_->deaths();
  ASSERT_EQ(deaths.size(), 1u);
  EXPECT_EQ(deaths[0].seat, 2);
  EXPECT_EQ(board_->seat(2).in_flight, 5);
  EXPECT_EQ(board_->seat(2).items, 4) << "what it had published before";
  EXPECT_TRUE(mock_->deaths().empty()) << "told once";
}

TEST_F(MockTest, WorkersPauseAndGoOn) {
  open({.costs = std::vector<ns>(100, 1ms)});
  (void)mock_->start(*board_, 0, 1);
  clock_.advance(2ms);
  (void)mock_->deaths();
  board_->allow(0);
  clock_.advance(50ms);
  (void)mock_->deaths();
  EXPECT_EQ(board_->seat(0).items, 2);
  EXPECT_EQ(board_->seat(0).state, ipc::SeatState::paused);
  board_->allow(4);
  clock_.advance(50ms);
  (void)mock_->deaths();
  EXPECT_GT(board_->seat(0).items, 40);
  board_->dismiss();
  clock_.advance(50ms);
  (void)mock_->deaths();
  EXPECT_EQ(board_->seat(0).state, ipc::SeatState::done);
}

TEST_F(MockTest, WaitingJumpsToTheNextEvent) {
  open({.costs = std::vector<ns>(4, 1ms)});
  (void)mock_->start(*board_, 0, 1);
  const ns before = clock_.now();
  while (board_->seat(0).state != ipc::SeatState::done) mock_->wait(*board_, 1s);
  EXPECT_EQ(clock_.now() - before, 5ms);
  const auto& times = mock_->times_run();
  EXPECT_EQ(times, std::vector<int>(4, 1));
}

}  // namespace
}  // namespace payoff::backends
