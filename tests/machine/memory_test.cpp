// tests/machine/memory_test.cpp: the smallest of meminfo, cgroup and address space; our own memory
#include "machine/memory.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>

#include "machine/fake_root.hpp"

namespace payoff::machine {
namespace {

constexpr auto meminfo =
    "MemTotal:  16000 kB\nMemFree:  10 kB\nMemAvailableX: 5 kB\nMemAvailable:   8000 kB\nBuffers: "
    "1 kB\n";

void set_headroom(FakeRoot& root, const std::string& limit, const std::string& used) {
  root.file("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")
      .file("proc/self/cgroup", "0::/\n")
      .file("sys/fs/cgroup/memory.max", limit)
      .file("sys/fs/cgroup/memory.current", used);
}

// Sets the soft limit of the address space for one scope: finite, but beyond what any CPU can map,
// so that nothing else in the process notices, sanitizers included.
class AddressSpaceLimit {
 public:
  explicit AddressSpaceLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_AS, &before_);
    rlimit now = before_;
    now.rlim_cur = bytes;
    set_ = ::setrlimit(RLIMIT_AS, &now) == 0;
  }
  ~AddressSpaceLimit() { ::setrlimit(RLIMIT_AS, &before_); }
  AddressSpaceLimit(const AddressSpaceLimit&) = delete;
  AddressSpaceLimit& operator=(const AddressSpaceLimit&) = delete;
  [[nodiscard]] bool set() const { return set_; }

 private:
  rlimit before_{};
  bool set_ = false;
};

TEST(AvailableTest, MeminfoAlone) {
  FakeRoot root;
  root.file("proc/meminfo", meminfo);
  EXPECT_EQ(available_bytes(root.path()), 8000 * 1024);
  EXPECT_EQ(available_memory(root.path()).limited_by, "hardware");
}

TEST(AvailableTest, ATighterCgroupWins) {
  FakeRoot root;
  root.file("proc/meminfo", meminfo);
  set_headroom(root, "1000000\n", "400000\n");
  const auto memory = available_memory(root.path());
  EXPECT_EQ(memory.bytes, 600000);
  EXPECT_EQ(memory.limited_by, "cgroup " + root.at("sys/fs/cgroup/memory.max"));
  set_headroom(root, "99000000000\n", "0\n");
  EXPECT_EQ(available_bytes(root.path()), 8000 * 1024);
}

TEST(AvailableTest, AnEndlessOrRoomyAddressSpaceChangesNothing) {
  FakeRoot root;
  root.file("proc/meminfo", meminfo).file("proc/self/statm", "1 1 1 1 0 1 0\n");
  const AddressSpaceLimit limit(rlim_t{1} << 60);
  if (!limit.set()) GTEST_SKIP() << "setrlimit was refused";
  EXPECT_EQ(available_bytes(root.path()), 8000 * 1024);
}

TEST(AvailableTest, AnAddressSpaceLimitCountsFromWhatIsMapped) {
  const auto page = static_cast<rlim_t>(::sysconf(_SC_PAGESIZE));
  FakeRoot root;
  const auto mapped = (rlim_t{1} << 60) / page - 100;  // pages: 100 below the limit
  root.file("proc/meminfo", meminfo).file("proc/self/statm", std::to_string(mapped) + " 1 1\n");
  const AddressSpaceLimit limit(rlim_t{1} << 60);
  if (!limit.set()) GTEST_SKIP() << "setrlimit was refused";
  const auto memory = available_memory(root.path());
  EXPECT_EQ(memory.bytes, static_cast<std::int64_t>(100 * page));
  EXPECT_EQ(memory.limited_by, "address space limit");
  root.file("proc/self/statm", std::to_string(mapped + 200) + " 1 1\n");
  EXPECT_EQ(available_bytes(root.path()), 0);
  root.file("proc/self/statm", "nonsense\n");
  EXPECT_EQ(available_bytes(root.path()), 8000 * 1024);
}

TEST(AvailableTest, NothingReadableIsUnknown) {
  const FakeRoot empty;
  EXPECT_EQ(available_bytes(empty.path()), Available::unknown);
  EXPECT_EQ(available_memory(empty.path()).limited_by, "");
  for (const char* garbage : {"", "MemAvailable:", "MemAvailable: kB\n", "MemAvailable: -1 kB\n",
                              "MemAvailable: 5\n", "MemAvailable: 5 MB\n", "MemAvailableX: 5 kB\n",
                              "MemAvailable: 9223372036854775807 kB\n"}) {
    FakeRoot root;
    root.file("proc/meminfo", garbage);
    EXPECT_EQ(available_bytes(root.path()), Available::unknown) << garbage;
  }
}

TEST(ResidentTest, ThreeLinesOfStatus) {
  FakeRoot root;
  root.file("proc/self/status",
            "Name:\tVmRSS\nVmHWM:\t 9999 kB\nVmRSS:\t    1696 kB\nRssAnon:\t     112 kB\n"
            "RssFile:\t    1584 kB\nVmPTE:\t      44 kB\n");
  const auto now = resident(root.path());
  ASSERT_TRUE(now);
  EXPECT_EQ(now->rss, 1696 * 1024);
  EXPECT_EQ(now->anonymous, 112 * 1024);
  EXPECT_EQ(now->page_tables, 44 * 1024);
}

TEST(ResidentTest, AMissingFileOrLineIsNoAnswer) {
  const FakeRoot empty;
  EXPECT_FALSE(resident(empty.path()));
  for (const char* text :
       {"", "VmRSS: 1 kB\nRssAnon: 1 kB\n", "VmRSS: 1 kB\nVmPTE: 1 kB\n",
        "RssAnon: 1 kB\nVmPTE: 1 kB\n", "VmRSS: x kB\nRssAnon: 1 kB\nVmPTE: 1 kB\n"}) {
    FakeRoot root;
    root.file("proc/self/status", text);
    EXPECT_FALSE(resident(root.path())) << text;
  }
}

TEST(RealMachineTest, AvailableMemoryIsKnownAndBelowTheTotal) {
  const auto bytes = available_bytes();
  EXPECT_GT(bytes, 0);
  EXPECT_LE(bytes, std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE));
}

TEST(RealMachineTest, TouchedMemoryShowsUpInAllThree) {
  constexpr std::size_t size = std::size_t{64} << 20;
  const auto before = resident();
  ASSERT_TRUE(before);
  void* block = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(block, MAP_FAILED);
  ::madvise(block, size, MADV_NOHUGEPAGE);  // huge pages need no page tables
  std::memset(block, 1, size);
  const auto after = resident();
  ::munmap(block, size);
  ASSERT_TRUE(after);
  constexpr std::int64_t expected = std::int64_t{size} * 9 / 10;
  EXPECT_GE(after->rss - before->rss, expected);
  EXPECT_GE(after->anonymous - before->anonymous, expected);
  // 8 bytes of page table for a page of 4096: 128 KB for 64 MB (pages may be larger elsewhere)
  if (::sysconf(_SC_PAGESIZE) == 4096) {
    EXPECT_GE(after->page_tables - before->page_tables, 100'000);
  }
}

}  // namespace
}  // namespace payoff::machine
