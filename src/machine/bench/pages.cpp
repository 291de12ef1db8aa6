// src/machine/bench/pages.cpp: what a page costs: fresh, fresh and shared, copied on write
#include "machine/bench/pages.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <limits>

#include "machine/bench/probes.hpp"

namespace payoff::machine::bench {
namespace {

constexpr double kNotMeasured = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kPagesAtOnce = 256;
constexpr int kRepetitions = 100;

double ns_a_page(const Pages& pages) {
  if (pages.empty()) return kNotMeasured;
  const ns before = steady_clock().now();
  pages.touch();
  const ns took = steady_clock().now() - before;
  return static_cast<double>(took.count() * kPage) / static_cast<double>(pages.bytes());
}

// A child that shares all memory and does nothing, until this ends.
class Sharer {
 public:
  Sharer() {
    if (::pipe(pipe_) != 0) return;
    child_ = ::fork();
    if (child_ != 0) return;
    ::close(pipe_[1]);
    char byte = 0;
    [[maybe_unused]] const auto end_of_file = ::read(pipe_[0], &byte, 1);
    ::_exit(0);
  }
  ~Sharer() {
    for (const int end : pipe_)
      if (end >= 0) ::close(end);
    int status = 0;
    if (child_ > 0)
      while (::waitpid(child_, &status, 0) < 0 && errno == EINTR) {
      }
  }
  Sharer(const Sharer&) = delete;
  Sharer& operator=(const Sharer&) = delete;
  [[nodiscard]] bool lives() const { return child_ > 0; }

 private:
  int pipe_[2] = {-1, -1};
  pid_t child_ = -1;
};

}  // namespace

Pages::Pages(std::int64_t bytes, Sharing sharing) {
  const int kind = sharing == Sharing::shared ? MAP_SHARED : MAP_PRIVATE;
  void* memory = ::mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE,
                        kind | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return;
  data_ = static_cast<std::byte*>(memory);
  bytes_ = bytes;
  ::madvise(data_, static_cast<std::size_t>(bytes_), MADV_NOHUGEPAGE);
}

Pages::~Pages() {
  if (data_ != nullptr) ::munmap(data_, static_cast<std::size_t>(bytes_));
}

void Pages::touch() const {
  for (std::int64_t at = 0; at < bytes_; at += kPage)
    *reinterpret_cast<volatile std::byte*>(data_ + at) = std::byte{1};
}

void Pages::keep_from_children() const {
  if (data_ != nullptr) ::madvise(data_, static_cast<std::size_t>(bytes_), MADV_DONTFORK);
}

void Pages::give_to_children() const {
  if (data_ != nullptr) ::madvise(data_, static_cast<std::size_t>(bytes_), MADV_DOFORK);
}

Probe fresh_page() {
  return {kRepetitions, [] {
            return Reading{ns_a_page(Pages(kPagesAtOnce * kPage)), kNotMeasured};
          }};
}

Probe fresh_shared_page() {
  return {kRepetitions, [] {
            return Reading{ns_a_page(Pages(kPagesAtOnce * kPage, Sharing::shared)), kNotMeasured};
          }};
}

Probe copied_page() {
  return {kRepetitions, [] {
            const Pages pages(kPagesAtOnce * kPage);
            pages.touch();
            const Sharer child;
            return Reading{child.lives() ? ns_a_page(pages) : kNotMeasured, kNotMeasured};
          }};
}

}  // namespace payoff::machine::bench
