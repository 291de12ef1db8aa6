// src/machine/usage.cpp: what the kernel and the dynamic loader know about this process
#include "machine/usage.hpp"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>
#include <memory>
#include <string_view>

#include "machine/quota.hpp"

namespace payoff::machine {
namespace {

namespace fs = std::filesystem;

std::chrono::nanoseconds read_clock(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// Calls use(tid) for every thread in /proc/self/task.
template <typename Use>
void for_each_thread(const fs::path& root, Use use) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir((root / "proc/self/task").c_str()),
                                                   ::closedir);
  if (!folder) return;
  while (const dirent* entry = ::readdir(folder.get())) {
    int tid = 0;
    const char* const end = entry->d_name + std::strlen(entry->d_name);
    const auto parsed = std::from_chars(entry->d_name, end, tid);
    if (parsed.ec == std::errc{} && parsed.ptr == end) use(tid);
  }
}

// Names that OpenBLAS may live under: its own, those of the wheels, and Debian's drop-in
// libblas.so.3.
bool may_be_openblas(std::string_view path) {
  const auto name = path.substr(path.rfind('/') + 1);  // npos + 1 == 0
  return name.find("blas") != std::string_view::npos ||
         name.find("lapack") != std::string_view::npos;
}

// The first of these names that the library or what it depends on has; nullptr when it has none.
template <typename Symbol>
Symbol find_symbol(void* library, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (void* address = ::dlsym(library, name)) return reinterpret_cast<Symbol>(address);
  return nullptr;
}

// One OpenBLAS, told apart by the address of its function: several libraries may lead to the same
// one.
struct OpenBlas {
  using getter = int (*)();
  getter threads = nullptr;  // the setting, not the number that runs
  getter flavour = nullptr;  // 0 sequential, 1 own threads, 2 OpenMP
  const int* running = nullptr;
  const int* started = nullptr;

  explicit OpenBlas(void* library)
      : threads(find_symbol<getter>(
            library, {"openblas_get_num_threads", "openblas_get_num_threads64_",
                      "scipy_openblas_get_num_threads", "scipy_openblas_get_num_threads64_"})),
        flavour(find_symbol<getter>(
            library, {"openblas_get_parallel", "openblas_get_parallel64_",
                      "scipy_openblas_get_parallel", "scipy_openblas_get_parallel64_"})),
        running(find_symbol<const int*>(library, {"blas_server_avail"})),
        started(find_symbol<const int*>(library, {"blas_num_threads"})) {}

  // The setting is wrong twice: lowered by threadpoolctl, the pool stays; after a fork the pool is
  // gone and the setting stays. The second would hide other threads, so the pool's own state comes
  // first.
  [[nodiscard]] int pool_threads() const {
    if (flavour != nullptr && flavour() != 1) return 0;
    if (running != nullptr && started != nullptr)
      return *running != 0 ? std::max(0, *started - 1) : 0;
    return std::max(0, threads() - 1);
  }
};

}  // namespace

std::int64_t thread_faults() {
  rusage usage{};
  return ::getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_minflt : 0;
}

std::int64_t thread_waits() {
  rusage usage{};
  return ::getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nvcsw : 0;
}

std::chrono::nanoseconds thread_cpu() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

std::chrono::nanoseconds thread_run_delay() {
  const int file = ::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  char text[128];
  const ssize_t read = ::read(file, text, sizeof text - 1);
  ::close(file);
  if (read <= 0) return {};
  const char* const end = text + read;
  const char* at = std::find(static_cast<const char*>(text), end, ' ');  // CPU time; delay; slices
  std::int64_t delay = 0;
  if (at != end) std::from_chars(at + 1, end, delay);
  return std::chrono::nanoseconds(delay);
}

std::chrono::nanoseconds process_cpu() { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

std::vector<NativeThread> native_threads(const fs::path& root) {
  std::vector<NativeThread> threads;
  for_each_thread(root, [&](int tid) {
    const fs::path comm = root / "proc/self/task" / std::to_string(tid) / "comm";
    std::string name = read_small_file(comm).value_or("");
    if (!name.empty() && name.back() == '\n') name.pop_back();
    threads.push_back({tid, std::move(name)});
  });
  std::sort(threads.begin(), threads.end(),
            [](const auto& a, const auto& b) { return a.tid < b.tid; });
  return threads;
}

// Leaving the thread group is what only a process of one thread may ask for, and nothing is done.
bool is_only_thread() { return ::unshare(CLONE_THREAD) == 0; }

int native_thread_count(const fs::path& root) {
  struct stat info {};
  if (::stat((root / "proc/self/task").c_str(), &info) != 0) return 0;
  // Linux counts every thread as a subfolder in the link count (2 for the folder itself). Whoever
  // imitates /proc without that gets listed.
  if (info.st_nlink > 2) return static_cast<int>(info.st_nlink - 2);
  int count = 0;
  for_each_thread(root, [&count](int) { ++count; });
  return count;
}

std::vector<std::string> loaded_libraries() {
  std::vector<std::string> names;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* out) {
        if (info->dlpi_name != nullptr && info->dlpi_name[0] != '\0')
          static_cast<std::vector<std::string>*>(out)->emplace_back(info->dlpi_name);
        return 0;
      },
      &names);
  return names;
}

int openblas_pool_threads() {
  int sum = 0;
  std::vector<OpenBlas::getter> seen;
  for (const auto& name : loaded_libraries()) {
    if (!may_be_openblas(name)) continue;
    // NOLOAD: finds what is there, loads nothing. The handle keeps it there while we look.
    const std::unique_ptr<void, int (*)(void*)> library(
        ::dlopen(name.c_str(), RTLD_LAZY | RTLD_NOLOAD), ::dlclose);
    if (!library) continue;
    const OpenBlas blas(library.get());
    if (blas.threads == nullptr) continue;
    if (std::find(seen.begin(), seen.end(), blas.threads) != seen.end()) continue;
    seen.push_back(blas.threads);
    sum += blas.pool_threads();
  }
  return sum;
}

}  // namespace payoff::machine
