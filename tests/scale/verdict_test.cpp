// tests/scale/verdict_test.cpp: what spoils a run, and what does not
#include "scale/verdict.hpp"

#include <gtest/gtest.h>

namespace payoff::scale {
namespace {

constexpr seconds usual(0.5e-3);

TEST(VerdictTest, AQuietRunIsClean) {
  Noise noise;
  EXPECT_TRUE(faults_of(noise, seconds(1), usual, 2).empty()) << "nothing is known: no reproach";
  noise.others = 0.01, noise.steal = 0.019, noise.throttled = 0, noise.spin = 1.05 * usual;
  noise.pressure = 0.9;  // the command's own threads may wait for each other
  EXPECT_TRUE(faults_of(noise, seconds(100), usual, 2).empty());
}

TEST(VerdictTest, EveryDisturbanceIsNamed) {
  Noise noise;
  noise.others = 0.14, noise.steal = 0.05, noise.throttled = 3, noise.spin = 1.2 * usual;
  noise.throttled_time = seconds(0.8);
  EXPECT_EQ(faults_of(noise, seconds(100), usual, 2),
            (std::vector<std::string>{"other processes used 14 % of the CPUs",
                                      "the hypervisor took 5 % of the CPUs",
                                      "a cgroup quota stopped it for 0.8 s in 3 periods",
                                      "the CPU was 20 % slower than usual"}));
}

TEST(VerdictTest, TicksAreNotTakenForNoise) {
  Noise noise;
  noise.others = 0.1;  // of 0.1 s on two CPUs: 20 ms, two ticks
  EXPECT_TRUE(faults_of(noise, seconds(0.1), usual, 2).empty());
  EXPECT_FALSE(faults_of(noise, seconds(1), usual, 2).empty());
}

TEST(VerdictTest, WithoutAUsualSpinNothingIsSlow) {
  Noise noise;
  noise.spin = seconds(1);
  EXPECT_TRUE(faults_of(noise, seconds(1), seconds(0), 2).empty());
}

}  // namespace
}  // namespace payoff::scale
