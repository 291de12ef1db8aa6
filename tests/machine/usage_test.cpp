// tests/machine/usage_test.cpp: clocks, faults, threads and libraries of this very process
#include "machine/usage.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <thread>

#include "machine/fake_root.hpp"

namespace payoff::machine {
namespace {

using namespace std::chrono_literals;

void burn(std::chrono::nanoseconds cpu) {
  const auto end = thread_cpu() + cpu;
  while (thread_cpu() < end) {
  }
}

TEST(CpuClockTest, AThreadCountsItsOwnWorkAndNotItsSleep) {
  const auto before = thread_cpu();
  std::this_thread::sleep_for(50ms);
  const auto slept = thread_cpu();
  EXPECT_LT(slept - before, 25ms);
  std::thread(burn, 30ms).join();
  EXPECT_LT(thread_cpu() - slept, 20ms);
  burn(5ms);
  EXPECT_GE(thread_cpu() - slept, 5ms);
}

TEST(CpuClockTest, TheProcessCountsAllThreads) {
  const auto before = process_cpu();
  std::thread(burn, 30ms).join();
  EXPECT_GE(process_cpu() - before, 30ms);
}

TEST(ThreadWaitsTest, CountsSleepsAndNoWork) {
  const auto before = thread_waits();
  for (int i = 0; i < 5; ++i) std::this_thread::sleep_for(std::chrono::microseconds(100));
  const auto slept = thread_waits();
  EXPECT_GE(slept - before, 5);
  volatile std::uint64_t x = 1;
  for (int i = 0; i < 20'000'000; ++i) x = x * 5;
  EXPECT_LE(thread_waits() - slept, 1) << "a busy machine takes the core, but nobody waited";
}

TEST(ThreadFaultsTest, CountsFirstTouchesOfThisThreadOnly) {
  constexpr std::size_t pages = 500;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto touch = [page] {
    void* block =
        ::mmap(nullptr, pages * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(block, MAP_FAILED);
    ::madvise(block, pages * page, MADV_NOHUGEPAGE);
    for (std::size_t i = 0; i < pages; ++i) static_cast<volatile char*>(block)[i * page] = 1;
    ::munmap(block, pages * page);
  };
  const auto before = thread_faults();
  touch();
  const auto after = thread_faults();
  EXPECT_GE(after - before, static_cast<std::int64_t>(pages));
  std::thread(touch).join();
  EXPECT_LT(thread_faults() - after, static_cast<std::int64_t>(pages) / 2);
}

// A joined thread may stay listed for some µs.
bool becomes(int expected) {
  for (int tries = 0; tries < 200; ++tries) {
    if (native_thread_count() == expected &&
        native_threads().size() == static_cast<std::size_t>(expected))
      return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

TEST(NativeThreadsTest, ListsNamesAndCountsAlike) {
  const int before = native_thread_count();
  std::promise<void> named, done;
  std::thread helper([&] {
    ::pthread_setname_np(::pthread_self(), "payoff helper");
    named.set_value();
    done.get_future().wait();
  });
  named.get_future().wait();
  const auto threads = native_threads();
  EXPECT_EQ(threads.size(), static_cast<std::size_t>(before) + 1);
  EXPECT_EQ(native_thread_count(), before + 1);
  EXPECT_TRUE(std::is_sorted(threads.begin(), threads.end(),
                             [](const auto& a, const auto& b) { return a.tid < b.tid; }));
  EXPECT_EQ(std::count_if(threads.begin(), threads.end(),
                          [](const auto& t) { return t.name == "payoff helper"; }),
            1);
  EXPECT_EQ(std::count_if(threads.begin(), threads.end(),
                          [](const auto& t) { return t.tid == ::getpid(); }),
            1);
  done.set_value();
  helper.join();
  EXPECT_TRUE(becomes(before));
}

TEST(NativeThreadsTest, AnImitationOfProcIsListed) {
  FakeRoot root;  // folders elsewhere count their subfolders too: 3 of them, one is no thread
  root.file("proc/self/task/12/comm", "main\n")
      .file("proc/self/task/7/comm", "io\n")
      .file("proc/self/task/15/stat", "");
  const auto threads = native_threads(root.path());
  ASSERT_EQ(threads.size(), 3U);
  EXPECT_EQ(threads[0].tid, 7);
  EXPECT_EQ(threads[0].name, "io");
  EXPECT_EQ(threads[1].name, "main");
  EXPECT_EQ(threads[2].name, "");
  EXPECT_EQ(native_thread_count(root.path()), 3);
}

TEST(NativeThreadsTest, WithoutProcThereIsNothing) {
  const FakeRoot empty;
  EXPECT_TRUE(native_threads(empty.path()).empty());
  EXPECT_EQ(native_thread_count(empty.path()), 0);
}

TEST(LoadedLibrariesTest, NamesTheCLibrary) {
  const auto names = loaded_libraries();
  EXPECT_TRUE(std::any_of(names.begin(), names.end(), [](const std::string& name) {
    return name.find("libc.so") != std::string::npos;
  }));
  for (const auto& name : names) EXPECT_FALSE(name.empty());
}

// Libraries that look like OpenBLAS, made by the compiler of this machine.
class OpenBlasTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("cc --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "no C compiler here";
    if (openblas_pool_threads() != 0) GTEST_SKIP() << "a real OpenBLAS is loaded already";
  }
  void TearDown() override {
    for (void* library : open_) ::dlclose(library);
  }

  std::string build(const std::string& file, const std::string& code,
                    const std::string& needs = "") {
    root_.file(file + ".c", code);
    const std::string command = "cc -shared -fPIC -o " + root_.at(file) + " " +
                                root_.at(file + ".c") + " " + needs + " -Wl,-rpath," +
                                root_.path().string();
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return root_.at(file);
  }

  void load(const std::string& path) {
    void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << ::dlerror();
    open_.push_back(library);
  }

 private:
  FakeRoot root_;
  std::vector<void*> open_;
};

TEST_F(OpenBlasTest, EverySpellingOfTheNamesIsFound) {
  int extra = 0;
  for (const std::string spelling :
       {"openblas_get_X", "openblas_get_X64_", "scipy_openblas_get_X", "scipy_openblas_get_X64_"}) {
    const auto name = [&spelling](const char* what) {
      std::string full = spelling;
      return full.replace(full.find('X'), 1, what);
    };
    load(build("libopenblas-" + spelling + ".so", "int " + name("num_threads") +
                                                      "(void){return 4;}\n"
                                                      "int " +
                                                      name("parallel") + "(void){return 1;}\n"));
    EXPECT_EQ(openblas_pool_threads(), extra += 3) << spelling;
  }
}

TEST_F(OpenBlasTest, ThePoolsOwnStateComesBeforeTheSetting) {
  load(build("libopenblas_lowered.so",  // 8 were started, then somebody asked for 2
             "int openblas_get_num_threads(void){return 2;}\n"
             "int openblas_get_parallel(void){return 1;}\n"
             "int blas_server_avail = 1, blas_num_threads = 8;\n"));
  EXPECT_EQ(openblas_pool_threads(), 7);
  load(build("libopenblas_forked.so",  // after a fork: asked for 8, none runs
             "int openblas_get_num_threads(void){return 8;}\n"
             "int openblas_get_parallel(void){return 1;}\n"
             "int blas_server_avail = 0, blas_num_threads = 8;\n"));
  EXPECT_EQ(openblas_pool_threads(), 7);
}

TEST_F(OpenBlasTest, OpenMpAndSequentialCopiesHaveNoPoolOfTheirOwn) {
  for (const char* flavour : {"0", "2"})
    load(build(std::string("libopenblas_flavour") + flavour + ".so",
               "int openblas_get_num_threads(void){return 8;}\n"
               "int openblas_get_parallel(void){return " +
                   std::string(flavour) +
                   ";}\n"
                   "int blas_server_avail = 1, blas_num_threads = 8;\n"));
  EXPECT_EQ(openblas_pool_threads(), 0);
}

TEST_F(OpenBlasTest, OneCopyReachedThroughTwoLibrariesCountsOnce) {
  const auto blas = build("libopenblas_real.so", "int openblas_get_num_threads(void){return 4;}\n");
  load(build("liblapack_on_top.so",
             "int openblas_get_num_threads(void);\n"
             "int use(void){return openblas_get_num_threads();}\n",
             blas));
  load(blas);
  EXPECT_EQ(openblas_pool_threads(), 3);
}

TEST_F(OpenBlasTest, OtherLibrariesAndUnloadedOnesCountNothing) {
  load(build("libsomething.so", "int unrelated(void){return 4;}\n"));
  load(build("libcblas_other.so", "int cblas_dgemm(void){return 4;}\n"));
  EXPECT_EQ(openblas_pool_threads(), 0);
}

}  // namespace
}  // namespace payoff::machine
