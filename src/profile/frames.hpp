// src/profile/frames.hpp: the Python frames of a thread, read while it runs
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "profile/layout.hpp"

namespace payoff::profile {

// A frame as it lies in memory: its code object, and the instruction that runs or has called.
struct RawFrame {
  Address code = 0;
  Address instruction = 0;
  friend bool operator==(const RawFrame&, const RawFrame&) = default;
};

// Beyond this depth the outer frames are left out: a recursion shows in its innermost frames, and
// its depth must not set the price of a sample.
inline constexpr std::size_t kDepth = 256;

struct RawStack {
  std::vector<RawFrame> frames;  // innermost first; whole unless `deeper`
  bool deeper = false;
  bool hurried = false;  // the first attempt was torn
};

enum class Reading : std::uint8_t {
  whole,
  torn,        // it changed while it was copied, in every attempt
  unreadable,  // not mapped, or not a stack
  gone,        // the thread state is not this thread's any more
};

// The interpreter keeps frames in chunks: arrays in which a call takes the next piece and a return
// gives it back. Following the frames' links through live memory meets a stack that never was
// (44 % of the samples of two functions that alternate, at 1 kHz). So the used part of the chunk is
// copied at once, between two looks at the top, and the copy is walked. Frames of generators and
// coroutines lie in their objects and are read one by one.
class FrameReader {
 public:
  explicit FrameReader(const Layout& layout);

  // The stack of the thread `tid` whose PyThreadState is at `state`.
  [[nodiscard]] Reading read(Address state, int tid, RawStack& stack);

  // The innermost frame of the last stack that was read: has it moved on since?
  [[nodiscard]] bool still_there() const;

 private:
  struct Top {
    Address frame = 0, chunk = 0, top = 0;
    friend bool operator==(const Top&, const Top&) = default;
  };
  struct Region {
    Address begin = 0;
    std::vector<std::byte> bytes;
    [[nodiscard]] const std::byte* at(Address address, std::size_t size) const;
  };

  [[nodiscard]] bool read_top(Address state, int tid, Top& top, Reading& why);
  enum class Copied : std::uint8_t { whole, torn, unreadable };
  // The chunk of `top` into `newest_`; `top` is then what it was right after.
  [[nodiscard]] Copied copy_newest(Top& top);
  [[nodiscard]] bool copy(Region& region, Address begin, Address end) const;
  // The frame at `address`, from the copy or read now; nullptr when it cannot be read.
  const std::byte* frame_at(Address address);
  const std::byte* from_older_chunks(Address address);
  [[nodiscard]] Reading walk(const Top& top, RawStack& stack);
  [[nodiscard]] bool moved(Address address, const RawFrame& raw, bool innermost) const;
  [[nodiscard]] bool incomplete(const std::byte* frame, const RawFrame& raw) const;

  const Layout layout_;
  std::vector<std::byte> state_, single_;
  Address state_at_ = 0, pointer_ = 0;
  Region newest_, again_, older_;
  Address reach_ = 0;
  Address older_chunk_ = 0;  // the next chunk outwards, not yet copied
  Address leaf_ = 0;
  RawFrame leaf_was_;
};

}  // namespace payoff::profile
