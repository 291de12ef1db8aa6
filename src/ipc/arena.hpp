// src/ipc/arena.hpp: a worker's results: one sparse memfd, written by it, mapped by the caller
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "ipc/board.hpp"
#include "ipc/descriptor.hpp"

namespace payoff::ipc {

// By RLIMIT_AS (`ulimit -v`): then even what is never touched costs something.
[[nodiscard]] bool address_space_is_limited();

inline constexpr std::int64_t kPageBytes = 4096;
inline constexpr std::int64_t kPastMapping = 32 << 10;  // from here on a system call is cheaper

// One batch of results in an arena. What `kind` and the payload mean is the language's affair.
struct BatchHeader {
  Range range;
  std::int32_t kind = 0;
  std::int32_t parts = 0;  // for the language
  std::int64_t bytes = 0;  // payload, after this header
  std::int64_t next = 0;   // offset of the next header
};

// The file behind an arena. No name anywhere: whatever is killed, nothing is left behind.
class ArenaFile {
 public:
  // Null when the system gives no memfd.
  [[nodiscard]] static std::shared_ptr<ArenaFile> create();
  ArenaFile(const ArenaFile&) = delete;
  ArenaFile& operator=(const ArenaFile&) = delete;
  // -1 where the program has closed it.
  [[nodiscard]] int fd() const { return file_.fd(); }
  // Of the batch that begins there, read past all mappings.
  [[nodiscard]] BatchHeader header(std::int64_t offset) const;

  // What is written to the descriptor itself, as crash handlers do, comes behind all results.
  void move_to_last_words() const;
  [[nodiscard]] std::string last_words() const;

 private:
  explicit ArenaFile(int fd) : file_(fd) {}
  Descriptor file_;
};

// The worker's side: results are appended, batch by batch.
class ArenaWriter {
 public:
  // Maps the whole file, or where the address space is limited a window that moves on with what is
  // written: a worker's items want to live there, too. Throws std::bad_alloc when there is none.
  // The file must outlive it.
  explicit ArenaWriter(const ArenaFile& file);

  void begin(Range range, std::int32_t kind);
  // Room for `bytes` within the open batch, at a multiple of `align`; valid until the next call.
  [[nodiscard]] std::byte* reserve(std::int64_t bytes, std::int64_t align = 8);
  // The same, filled with a copy of `data`; returns its offset. Large data go past the mapping.
  [[nodiscard]] std::int64_t append(const void* data, std::int64_t bytes, std::int64_t align = 8);
  [[nodiscard]] std::int64_t offset_of(const std::byte* place) const {
    return window_ + (place - base_);
  }
  // What was written to the open batch earlier.
  [[nodiscard]] std::byte* at(std::int64_t offset) const { return base_ + (offset - window_); }
  void set_parts(std::int32_t parts) { header().parts = parts; }
  // Closes the batch; returns the offset up to which the arena may be read.
  [[nodiscard]] std::int64_t finish();
  // Forgets the open batch.
  void cancel() { used_ = begun_; }

 private:
  [[nodiscard]] bool map(std::int64_t from, std::int64_t bytes);
  void move_window(std::int64_t until);
  [[nodiscard]] BatchHeader& header() const { return *reinterpret_cast<BatchHeader*>(at(begun_)); }

  const ArenaFile* file_;
  std::byte* base_ = nullptr;
  std::int64_t window_ = 0, capacity_ = 0;  // what is mapped
  std::int64_t used_ = 0, begun_ = 0;
};

// The caller's side: a private view of a piece of the file. Private, because results belong to the
// caller: a shared mapping would leak its writes into processes that it forks later.
class ArenaView {
 public:
  // Throws std::bad_alloc when the address space is exhausted.
  ArenaView(std::shared_ptr<ArenaFile> file, std::int64_t begin, std::int64_t end);
  ~ArenaView();
  ArenaView(const ArenaView&) = delete;
  ArenaView& operator=(const ArenaView&) = delete;

  // `offset` counts from the beginning of the file.
  [[nodiscard]] std::byte* at(std::int64_t offset) const { return base_ + (offset - begin_); }
  // These bytes will be read: their pages are mapped at once, which costs a third of a fault for
  // each. A kernel that cannot do that will fault them in.
  void expect(std::int64_t offset, std::int64_t bytes) const;
  // Copies out. What is large is not read through the mapping, whose faults cost more than reading.
  void copy(std::int64_t offset, void* into, std::int64_t bytes) const;
  // Gives whole pages back to the system; their contents are lost.
  void discard(std::int64_t offset, std::int64_t bytes) const;

 private:
  std::shared_ptr<ArenaFile> file_;
  std::byte* base_ = nullptr;
  std::int64_t begin_ = 0, end_ = 0;
  std::uint64_t forks_seen_ = 0;
};

// Who else reads a view's pages? Workers do, while they live; nothing is discarded meanwhile.
class LiveWorker {
 public:
  LiveWorker();
  ~LiveWorker();
  LiveWorker(const LiveWorker&) = delete;
  LiveWorker& operator=(const LiveWorker&) = delete;
};

// Forks of workers are announced: their end is known, and pages may be discarded again. After any
// other fork a stranger may read them for as long as it likes, and they are kept until the view
// ends.
class OwnFork {
 public:
  OwnFork();
  ~OwnFork();
  OwnFork(const OwnFork&) = delete;
  OwnFork& operator=(const OwnFork&) = delete;
};

}  // namespace payoff::ipc
