// src/ipc/arena.cpp: sparse memfds, appended to by one process and viewed privately by another
#include "ipc/arena.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <new>
#include <stdexcept>

#ifndef MADV_POPULATE_READ  // Linux 5.14; older C libraries do not know it
#define MADV_POPULATE_READ 22
#endif

namespace payoff::ipc {
namespace {

constexpr std::int64_t kMostBytes = std::int64_t{64} << 30;  // address space only: it is sparse
constexpr std::int64_t kWindowBytes = std::int64_t{16} << 20;
constexpr std::int64_t kFewestBytes = std::int64_t{1} << 20;

std::int64_t round_up(std::int64_t value, std::int64_t align) {
  return (value + align - 1) / align * align;
}

// Forks after which somebody else may be looking at our private views.
std::atomic<std::uint64_t> strange_forks{0};
thread_local int own_forks = 0;
std::atomic<int> live_workers{0};

void count_strange_forks() {
  static std::once_flag once;
  std::call_once(once, [] {
    pthread_atfork([] { strange_forks += own_forks == 0 ? 1 : 0; }, nullptr,
                   [] { ++strange_forks; });  // a child never discards what its parent reads
  });
}

}  // namespace

bool address_space_is_limited() {
  rlimit limit{};
  return getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

LiveWorker::LiveWorker() { ++live_workers; }
LiveWorker::~LiveWorker() { --live_workers; }

OwnFork::OwnFork() { ++own_forks; }
OwnFork::~OwnFork() { --own_forks; }

std::shared_ptr<ArenaFile> ArenaFile::create() {
  count_strange_forks();
  const int fd = memfd_create("payoff", MFD_CLOEXEC);
  if (fd < 0) return nullptr;
  auto file = std::shared_ptr<ArenaFile>(new ArenaFile(fd));
  if (ftruncate(fd, kMostBytes) == 0) return file;
  const int error = errno;
  file.reset();
  errno = error;
  return nullptr;
}

BatchHeader ArenaFile::header(std::int64_t offset) const {
  if (fd() < 0)
    throw std::runtime_error(
        "a worker's results cannot be read any more: the program has closed their file (with all "
        "others, by os.closerange?); close only what you have opened");
  BatchHeader header;
  if (pread(fd(), &header, sizeof header, offset) != sizeof header) throw std::bad_alloc();
  return header;
}

void ArenaFile::move_to_last_words() const { lseek(fd(), kMostBytes, SEEK_SET); }

std::string ArenaFile::last_words() const {
  std::string text(std::size_t{16} << 10, '\0');
  const ssize_t got = pread(fd(), text.data(), text.size(), kMostBytes);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

ArenaWriter::ArenaWriter(const ArenaFile& file) : file_(&file) {
  if (!address_space_is_limited())
    for (std::int64_t bytes = kMostBytes; bytes > kWindowBytes; bytes /= 4)
      if (map(0, bytes)) return;
  for (std::int64_t bytes = kWindowBytes; bytes >= kFewestBytes; bytes /= 2)
    if (map(0, bytes)) return;
  throw std::bad_alloc();
}

bool ArenaWriter::map(std::int64_t from, std::int64_t bytes) {
  void* memory = mmap(nullptr, static_cast<std::size_t>(bytes), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_NORESERVE, file_->fd(), from);
  if (memory == MAP_FAILED) return false;
  base_ = static_cast<std::byte*>(memory);
  window_ = from;
  capacity_ = bytes;
  return true;
}

// From the open batch on, with room for more.
void ArenaWriter::move_window(std::int64_t until) {
  const std::int64_t from = begun_ / kPageBytes * kPageBytes;
  const std::int64_t needed = round_up(until - from, kPageBytes);
  munmap(base_, static_cast<std::size_t>(capacity_));
  if (map(from, needed + kWindowBytes) || map(from, needed)) return;
  capacity_ = 0;  // the next reserve() tries again
  throw std::bad_alloc();
}

void ArenaWriter::begin(Range range, std::int32_t kind) {
  used_ = begun_ = round_up(used_, 64);
  new (reserve(sizeof(BatchHeader), 64)) BatchHeader{.range = range, .kind = kind};
}

std::byte* ArenaWriter::reserve(std::int64_t bytes, std::int64_t align) {
  const std::int64_t at = round_up(used_, align);
  if (bytes < 0 || bytes > kMostBytes - at) throw std::bad_alloc();
  if (at + bytes > window_ + capacity_) move_window(at + bytes);
  used_ = at + bytes;
  return this->at(at);
}

// A page that is written through the mapping is faulted in and zeroed first: for 64 KB that takes
// three times as long as the copy.
std::int64_t ArenaWriter::append(const void* data, std::int64_t bytes, std::int64_t align) {
  std::byte* place = reserve(bytes, align);
  std::int64_t done = 0;
  const int fd = bytes >= kPastMapping ? file_->fd() : -1;
  while (fd >= 0 && done < bytes) {
    const ssize_t written = pwrite(fd, static_cast<const std::byte*>(data) + done,
                                   static_cast<std::size_t>(bytes - done), offset_of(place) + done);
    if (written <= 0) break;
    done += written;
  }
  if (done < bytes)
    std::memcpy(place + done, static_cast<const std::byte*>(data) + done,
                static_cast<std::size_t>(bytes - done));
  return offset_of(place);
}

std::int64_t ArenaWriter::finish() {
  header().bytes = used_ - begun_ - static_cast<std::int64_t>(sizeof(BatchHeader));
  return used_ = header().next = round_up(used_, 64);
}

ArenaView::ArenaView(std::shared_ptr<ArenaFile> file, std::int64_t begin, std::int64_t end)
    : file_(std::move(file)),
      begin_(begin / kPageBytes * kPageBytes),
      end_(round_up(end, kPageBytes)),
      forks_seen_(strange_forks) {
  void* memory = mmap(nullptr, static_cast<std::size_t>(end_ - begin_), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_NORESERVE, file_->fd(), begin_);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  base_ = static_cast<std::byte*>(memory);
}

void ArenaView::expect(std::int64_t offset, std::int64_t bytes) const {
  const std::int64_t from = offset / kPageBytes * kPageBytes;
  madvise(at(from), static_cast<std::size_t>(offset + bytes - from), MADV_POPULATE_READ);
}

ArenaView::~ArenaView() { munmap(base_, static_cast<std::size_t>(end_ - begin_)); }

void ArenaView::copy(std::int64_t offset, void* into, std::int64_t bytes) const {
  std::int64_t done = 0;
  while (bytes >= kPastMapping && done < bytes) {
    const ssize_t got = pread(file_->fd(), static_cast<std::byte*>(into) + done,
                              static_cast<std::size_t>(bytes - done), offset + done);
    if (got <= 0) break;
    done += got;
  }
  if (done < bytes)
    std::memcpy(static_cast<std::byte*>(into) + done, at(offset + done),
                static_cast<std::size_t>(bytes - done));
}

void ArenaView::discard(std::int64_t offset, std::int64_t bytes) const {
  const std::int64_t from = round_up(offset, kPageBytes);
  const std::int64_t to = (offset + bytes) / kPageBytes * kPageBytes;
  if (to <= from || live_workers > 0 || strange_forks != forks_seen_) return;
  fallocate(file_->fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, to - from);
  madvise(at(from), static_cast<std::size_t>(to - from), MADV_DONTNEED);
}

}  // namespace payoff::ipc
