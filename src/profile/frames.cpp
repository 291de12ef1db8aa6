// src/profile/frames.cpp: copy the chunk between two looks at its top, and walk the copy
#include "profile/frames.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "profile/peek.hpp"

namespace payoff::profile {
namespace {

constexpr int kAttempts = 32;  // two functions that alternate need four on average
constexpr int kInARow = 8;
// More of one chunk than this is never copied: only a frame with thousands of locals has it.
constexpr Address kCopied = 256 * 1024;
constexpr int kOlderChunks = 64;

}  // namespace

FrameReader::FrameReader(const Layout& layout)
    : layout_(layout), state_(layout.thread_bytes), single_(layout.frame_bytes) {}

const std::byte* FrameReader::Region::at(Address address, std::size_t size) const {
  if (address < begin || bytes.size() < size || address - begin > bytes.size() - size)
    return nullptr;
  return bytes.data() + (address - begin);
}

bool FrameReader::read_top(Address state, int tid, Top& top, Reading& why) {
  why = Reading::gone;
  if (!peek(state, state_.data(), state_.size())) return false;
  if (field<unsigned long>(state_.data(), layout_.thread_native_id) !=
      static_cast<unsigned long>(tid))
    return false;
  why = Reading::unreadable;
  state_at_ = state;
  pointer_ = field<Address>(state_.data(), layout_.thread_frame);
  top.frame = pointer_;
  if (layout_.frame_by_pointer && pointer_ != 0 &&
      !peek(pointer_ + layout_.pointed_frame, top.frame))
    return false;
  top.chunk = field<Address>(state_.data(), layout_.thread_chunk);
  top.top = field<Address>(state_.data(), layout_.thread_top);
  return true;
}

// One system call copies the chunk twice, outer frames first, and looks at the top around it. While
// it copies, a fast program returns and calls again: an outer frame of before, an inner one of
// after. But then the second copy's outer frames are others than the first's.
FrameReader::Copied FrameReader::copy_newest(Top& top) {
  const Address begin = top.chunk;
  // Up to the furthest that calls have reached in the attempts so far; behind the top lie old ones.
  reach_ = std::max({reach_, begin, top.top});
  const Address end = begin == 0 ? 0 : reach_;
  newest_.begin = again_.begin = std::max(begin, end - std::min(end, kCopied));
  newest_.bytes.resize(end - newest_.begin);
  again_.bytes.resize(newest_.bytes.size());
  const Address frame_at = layout_.frame_by_pointer ? pointer_ + layout_.pointed_frame
                                                    : state_at_ + layout_.thread_frame;
  Address frame = 0, pointer = 0, bytes = 0;
  Top now;
  const std::array<Piece, 8> pieces{{
      {frame_at, &frame, sizeof frame},
      {newest_.begin, newest_.bytes.data(), newest_.bytes.size()},
      {frame_at, &now.frame, sizeof now.frame},
      {again_.begin, again_.bytes.data(), again_.bytes.size()},
      {state_at_ + layout_.thread_chunk, &now.chunk, sizeof now.chunk},
      {state_at_ + layout_.thread_top, &now.top, sizeof now.top},
      {state_at_ + layout_.thread_frame, &pointer, sizeof pointer},
      {begin == 0 ? frame_at : begin + layout_.chunk_bytes, &bytes, sizeof bytes},
  }};
  if (!peek(pieces)) return Copied::unreadable;
  // In this chunk, and further in than was copied.
  const bool beyond =
      begin != 0 && frame + layout_.frame_bytes > end && frame < begin + bytes && frame >= begin;
  const bool same = frame == now.frame && !beyond && top.chunk == now.chunk &&
                    (!layout_.frame_by_pointer || pointer == pointer_);
  if (top.chunk != now.chunk) reach_ = 0;
  pointer_ = pointer;
  top = now;
  return same ? Copied::whole : Copied::torn;
}

// Has the frame that called another moved on between the two copies? Has the innermost, which may
// well be at another line, become another function's?
bool FrameReader::moved(Address address, const RawFrame& raw, bool innermost) const {
  const std::byte* frame = again_.at(address, layout_.frame_bytes);
  if (frame == nullptr) return false;
  if (field<Address>(frame, layout_.frame_code) != raw.code) return true;
  return !innermost && field<Address>(frame, layout_.frame_instruction) != raw.instruction;
}

bool FrameReader::copy(Region& region, Address begin, Address end) const {
  if (end < begin) return false;
  if (end - begin > kCopied) begin = end - kCopied;
  region.begin = begin;
  region.bytes.resize(end - begin);
  return region.bytes.empty() || peek(begin, region.bytes.data(), region.bytes.size());
}

const std::byte* FrameReader::from_older_chunks(Address address) {
  for (int i = 0; i < kOlderChunks && older_chunk_ != 0; ++i) {
    std::array<Address, 3> head{};
    const std::array<Piece, 3> pieces{{
        {older_chunk_ + layout_.chunk_previous, &head[0], sizeof(Address)},
        {older_chunk_ + layout_.chunk_bytes, &head[1], sizeof(Address)},
        {older_chunk_ + layout_.chunk_top, &head[2], sizeof(Address)},
    }};
    if (!peek(pieces)) return nullptr;
    const auto [previous, bytes, used] = head;
    // Frames go outwards chunk by chunk: one that lies elsewhere is a generator's.
    if (address < older_chunk_ || address - older_chunk_ >= bytes) return nullptr;
    const Address data = older_chunk_ + layout_.chunk_data;
    if (used > bytes / sizeof(Address)) return nullptr;
    if (!copy(older_, data, data + used * sizeof(Address))) return nullptr;
    older_chunk_ = previous;
    if (const std::byte* found = older_.at(address, layout_.frame_bytes)) return found;
  }
  return nullptr;
}

const std::byte* FrameReader::frame_at(Address address) {
  if (const std::byte* found = newest_.at(address, layout_.frame_bytes)) return found;
  if (const std::byte* found = older_.at(address, layout_.frame_bytes)) return found;
  if (const std::byte* found = from_older_chunks(address)) return found;
  return peek(address, single_.data(), single_.size()) ? single_.data() : nullptr;
}

// A function that is still setting itself up (cells, a generator's object) shows no line yet.
bool FrameReader::incomplete(const std::byte* frame, const RawFrame& raw) const {
  if (field<std::uint8_t>(frame, layout_.frame_owner) == layout_.owner_generator) return false;
  int first = 0;
  if (!peek(raw.code + layout_.code_first_traceable, first)) return false;
  return raw.instruction <
         raw.code + layout_.code_instructions + 2 * static_cast<Address>(std::max(0, first));
}

Reading FrameReader::walk(const Top& top, RawStack& stack) {
  stack.frames.clear();
  stack.deeper = false;
  leaf_ = 0;
  Address address = top.frame;
  // Shims and half-made frames count as well: a damaged chain must end.
  for (std::size_t steps = 0; address != 0; ++steps) {
    if (stack.frames.size() >= kDepth || steps >= 4 * kDepth) {
      stack.deeper = true;
      break;
    }
    const std::byte* frame = frame_at(address);
    if (frame == nullptr) return Reading::unreadable;
    const RawFrame raw{field<Address>(frame, layout_.frame_code),
                       field<Address>(frame, layout_.frame_instruction)};
    const Address previous = field<Address>(frame, layout_.frame_previous);
    const bool shim = field<std::uint8_t>(frame, layout_.frame_owner) == layout_.owner_c_stack;
    if (!shim) {
      if (raw.code == 0) return Reading::unreadable;
      if (moved(address, raw, address == top.frame)) return Reading::torn;
      // Only the innermost can be incomplete.
      if (!stack.frames.empty() || !incomplete(frame, raw)) {
        if (stack.frames.empty()) {
          leaf_ = address;
          leaf_was_ = raw;
        }
        stack.frames.push_back(raw);
      }
    }
    address = previous;
  }
  return Reading::whole;
}

Reading FrameReader::read(Address state, int tid, RawStack& stack) {
  Top top;
  Reading why{};
  stack.hurried = false;
  if (!read_top(state, tid, top, why)) return why;
  Reading reading = Reading::torn;
  reach_ = 0;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    // Where this thread has taken the CPU of the other amid a call, nothing moves until it sleeps.
    if (attempt > 0 && attempt % kInARow == 0)
      std::this_thread::sleep_for(std::chrono::nanoseconds(1));
    stack.frames.clear();
    stack.deeper = false;
    leaf_ = 0;
    if (top.frame == 0) return Reading::whole;
    older_ = {};
    older_chunk_ = 0;
    const Copied copied = copy_newest(top);
    reading = copied == Copied::torn ? Reading::torn : Reading::unreadable;
    if (copied == Copied::unreadable && !read_top(state, tid, top, why)) return why;
    if (attempt == 0) stack.hurried = copied == Copied::torn;
    if (copied != Copied::whole) continue;
    // The chunk's own header lies in front of its frames.
    if (const auto* previous = newest_.at(top.chunk + layout_.chunk_previous, sizeof(Address)))
      older_chunk_ = field<Address>(previous, 0);
    else if (top.chunk != 0 && !peek(top.chunk + layout_.chunk_previous, older_chunk_))
      continue;
    reading = walk(top, stack);
    if (reading == Reading::whole) return reading;
    if (attempt == 0) stack.hurried = reading == Reading::torn;
  }
  return reading;
}

bool FrameReader::still_there() const {
  if (leaf_ == 0) return true;
  RawFrame now;
  const std::array<Piece, 2> pieces{{
      {leaf_ + layout_.frame_code, &now.code, sizeof now.code},
      {leaf_ + layout_.frame_instruction, &now.instruction, sizeof now.instruction},
  }};
  return peek(pieces) && now == leaf_was_;
}

}  // namespace payoff::profile
