// tests/machine/calibration_test.cpp: what is made of samples, and what a cache may do to prices
#include "machine/calibration.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <limits>

#include "machine/fake_root.hpp"

namespace payoff::machine {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Spread exactly(double value) { return {value, value, value, 10}; }

Calibration some() {
  Calibration c;
  c.measured_at = "2026-11-21T10:00:00Z";
  c.wake = {4000, 3000, 9000, 300};
  c.forks = {{65'536, exactly(100'000), exactly(200'000)},
             {131'072, exactly(165'536), exactly(331'072)}};
  c.copies = {{1, exactly(8e9)}, {2, exactly(12e9)}};
  return c;
}

const CalibrationKey kKey{"machine", "boot", "0-1"};

TEST(Spread, IsMedianAndTenthsOfWhatCouldBeMeasured) {
  std::vector<double> samples{kNan, -1, 0, std::numeric_limits<double>::infinity()};
  EXPECT_EQ(spread_of(samples).times, 0);
  for (int i = 11; i >= 1; --i) samples.push_back(i);
  const Spread spread = spread_of(samples);
  EXPECT_EQ(spread.times, 11);
  EXPECT_DOUBLE_EQ(spread.median, 6);
  EXPECT_DOUBLE_EQ(spread.low, 2);
  EXPECT_DOUBLE_EQ(spread.high, 10);
  EXPECT_DOUBLE_EQ(cautious(spread), 9) << "1.5 medians";
  EXPECT_DOUBLE_EQ(cautious({6, 5, 7, 11}), 7);
}

TEST(ForkLine, IsFixedPlusSlope) {
  const auto call = fork_call(some(), Of::median);
  ASSERT_TRUE(call);
  EXPECT_NEAR(call->per_byte, 1, 1e-9);
  EXPECT_NEAR(call->fixed, 100'000 - 65'536, 1e-6);
  EXPECT_NEAR(fork_end(some(), Of::median)->per_byte, 2, 1e-9);
  EXPECT_FALSE(fork_call({}, Of::median)) << "nothing was measured";
}

TEST(ForkLine, IsNotBentByOneDisturbedSize) {
  Calibration c;
  for (int i = 1; i <= 5; ++i) c.forks.push_back({i * 1000, exactly(1000.0 * i), {}});
  c.forks[4].call = exactly(1e9);
  EXPECT_NEAR(fork_call(c, Of::median)->per_byte, 1, 1e-9);
  EXPECT_FALSE(fork_end(c, Of::median));
}

TEST(ForkLine, HasNoNegativeTerm) {
  Calibration c;
  c.forks = {{1000, exactly(500), {}}, {2000, exactly(100), {}}};
  const auto line = fork_call(c, Of::median);
  EXPECT_EQ(line->per_byte, 0);
  EXPECT_GE(line->fixed, 0);
}

TEST(Copying, SaturatesWhereMoreThreadsBringLittle) {
  Calibration c;
  EXPECT_EQ(copying_saturates_at(c), 0);
  c.copies = {{1, exactly(5e9)}, {2, exactly(9.1e9)}, {4, exactly(10e9)}, {8, exactly(9e9)}};
  EXPECT_EQ(copying_saturates_at(c), 2);
  c.copies = {{1, exactly(5e9)}, {2, exactly(10e9)}};
  EXPECT_EQ(copying_saturates_at(c), 2);
}

TEST(CalibrationJson, ComesBackAsItWas) {
  const auto back = calibration_from_json(calibration_to_json(some(), kKey), kKey);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->wake.high, 9000);
  EXPECT_EQ(back->forks.size(), 2U);
  EXPECT_EQ(back->forks[1].page_tables, 131'072);
  EXPECT_EQ(back->copies[1].rate.median, 12e9);
  EXPECT_EQ(back->gil_demand.times, 0);
  EXPECT_EQ(back->measured_at, some().measured_at);
}

TEST(CalibrationJson, OfAnotherMachineBootOrAffinityIsNone) {
  const std::string text = calibration_to_json(some(), kKey);
  EXPECT_FALSE(calibration_from_json(text, {"other", "boot", "0-1"}));
  EXPECT_FALSE(calibration_from_json(text, {"machine", "other", "0-1"}));
  EXPECT_FALSE(calibration_from_json(text, {"machine", "boot", "0"}));
}

TEST(CalibrationJson, HostileTextIsNone) {
  const std::string good = calibration_to_json(some(), kKey);
  for (std::size_t length = 0; length + 1 < good.size(); length += 7)
    EXPECT_FALSE(calibration_from_json(good.substr(0, length), kKey)) << length;
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  for (const char* value : {"1e300", "-4000.0", "0", "\"4000\"", "[]", "null", "true"})
    EXPECT_FALSE(calibration_from_json(with("4000.0", value), kKey)) << value;
  EXPECT_FALSE(calibration_from_json(with("\"schema\": 1", "\"schema\": 2"), kKey));
  EXPECT_FALSE(calibration_from_json(with("\"repetitions\": 300", "\"repetitions\": -1"), kKey));
  EXPECT_FALSE(calibration_from_json(with("65536", "-1"), kKey));
  EXPECT_FALSE(calibration_from_json(std::string(60'000, '['), kKey));
}

TEST(CalibrationKeyTest, NamesMachineAndBoot) {
  FakeRoot root;
  root.file("etc/machine-id", "abc\n").file("proc/sys/kernel/random/boot_id", "b-1\n");
  const CalibrationKey key = calibration_key(root.path());
  EXPECT_EQ(key.machine, "abc");
  EXPECT_EQ(key.boot, "b-1");
  EXPECT_FALSE(key.cpus.empty());
}

TEST(CalibrationKeyTest, IsTheCpuModelWithoutAnIdentity) {
  FakeRoot root;
  root.file("proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU\nmodel\t: 1\n");
  EXPECT_EQ(calibration_key(root.path()).machine, " Some CPU");
  EXPECT_EQ(calibration_key(FakeRoot().path()).machine, "unknown");
  EXPECT_TRUE(calibration_key(root.path()).boot.empty());
}

class CacheTest : public testing::Test {
 protected:
  CacheTest() : file_(root_.path() / "payoff" / "c.json") {}
  void put(const std::string& text) { root_.file("payoff/c.json", text); }
  [[nodiscard]] bool found() const { return read_calibration(file_, kKey).has_value(); }
  FakeRoot root_;
  std::filesystem::path file_;
};

TEST_F(CacheTest, IsReadAsItWasWritten) {
  EXPECT_FALSE(found()) << "not there yet";
  EXPECT_EQ(write_calibration(file_, kKey, some()), std::nullopt);
  EXPECT_TRUE(found());
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(file_.parent_path()))
    ++files;
  EXPECT_EQ(files, 1U) << "no draft is left";
  EXPECT_FALSE(read_calibration(file_, {"machine", "", "0-1"})) << "no boot, no cache";
}

TEST_F(CacheTest, ThatIsNoPlainFileOfOursIsNotRead) {
  const std::string good = calibration_to_json(some(), kKey);
  put(good);
  ASSERT_TRUE(found());
  ASSERT_EQ(chmod(file_.c_str(), 0666), 0);
  EXPECT_FALSE(found()) << "anybody could have written it";
  put(good + std::string(100'000, ' '));
  ASSERT_EQ(chmod(file_.c_str(), 0600), 0);
  EXPECT_FALSE(found()) << "too large";
  std::filesystem::remove(file_);
  ASSERT_EQ(mkfifo(file_.c_str(), 0600), 0);
  EXPECT_FALSE(found()) << "and does not wait for a writer";
  std::filesystem::remove(file_);
  root_.file("elsewhere", good);
  std::filesystem::create_symlink(root_.path() / "elsewhere", file_);
  EXPECT_FALSE(found()) << "a link";
  std::filesystem::remove(file_);
  std::filesystem::create_directory(file_);
  EXPECT_FALSE(found()) << "a folder";
}

TEST_F(CacheTest, ThatCannotBeWrittenSaysWhy) {
  root_.file("plain", "");
  const auto why = write_calibration(root_.path() / "plain" / "c.json", kKey, some());
  ASSERT_TRUE(why);
  EXPECT_NE(why->find("plain"), std::string::npos) << *why;
  EXPECT_TRUE(write_calibration({}, kKey, some()));
  EXPECT_TRUE(write_calibration(file_, {"machine", "", "0"}, some()));
}

TEST(CalibrationFile, IsBelowTheCacheFolderOrNowhere) {
  const auto named = [](const char* cache, const char* home) {
    const auto set = [](const char* name, const char* value) {
      value != nullptr ? setenv(name, value, 1) : unsetenv(name);
    };
    const std::string old_cache =
        std::getenv("XDG_CACHE_HOME") ? std::getenv("XDG_CACHE_HOME") : "";
    const std::string old_home = std::getenv("HOME") ? std::getenv("HOME") : "";
    set("XDG_CACHE_HOME", cache);
    set("HOME", home);
    const auto file = calibration_file(kKey);
    set("XDG_CACHE_HOME", old_cache.empty() ? nullptr : old_cache.c_str());
    set("HOME", old_home.empty() ? nullptr : old_home.c_str());
    return file;
  };
  EXPECT_EQ(named("/c", "/h").parent_path(), "/c/payoff");
  EXPECT_EQ(named("relative", "/h").parent_path(), "/h/.cache/payoff");
  EXPECT_EQ(named(nullptr, "/h").parent_path(), "/h/.cache/payoff");
  EXPECT_TRUE(named(nullptr, nullptr).empty());
  EXPECT_NE(calibration_file(kKey), calibration_file({"machine", "boot", "0"})) << "one a CPU set";
  EXPECT_EQ(calibration_file(kKey), calibration_file({"machine", "later", "0-1"}));
}

}  // namespace
}  // namespace payoff::machine
