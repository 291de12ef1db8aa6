// src/profile/layout.hpp: where the fields of one CPython lie in memory; plain numbers
#pragma once

#include <bitset>
#include <cstdint>

namespace payoff::profile {

using Address = std::uintptr_t;
using Offset = std::uint32_t;

// Filled by the Python module, which is compiled for one CPython, and believed only after its
// self-test. All offsets are bytes.
struct Layout {
  Address runtime = 0;
  Offset runtime_interpreters = 0;

  Offset interpreter_next = 0, interpreter_id = 0, interpreter_threads = 0;

  // 3.11: one lock, part of the runtime. 3.12 on: interpreters point to theirs.
  bool gil_known = false;  // the holder below has been seen to be right
  bool gil_by_pointer = false;
  Offset gil = 0;  // from the runtime, or of the pointer in the interpreter
  Offset gil_holder = 0, gil_locked = 0, gil_bytes = 0;

  Offset thread_next = 0, thread_interpreter = 0, thread_native_id = 0;
  Offset thread_chunk = 0, thread_top = 0;
  Offset thread_frame = 0;  // of the frame, or (3.11, 3.12) of a pointer to the pointer to it
  bool frame_by_pointer = false;
  Offset pointed_frame = 0;  // in what is pointed to
  Offset thread_bytes = 0;   // enough of it to hold all of the above

  Offset chunk_previous = 0, chunk_bytes = 0, chunk_top = 0, chunk_data = 0;

  Offset frame_code = 0, frame_previous = 0, frame_instruction = 0, frame_owner = 0;
  Offset frame_bytes = 0;  // without locals
  std::uint8_t owner_generator = 1, owner_c_stack = 3;

  Address code_type = 0;
  Offset object_type = 0, object_size = 0;
  Offset code_first_line = 0, code_qualname = 0, code_filename = 0, code_line_table = 0;
  Offset code_first_traceable = 0, code_instructions = 0;

  Offset text_length = 0, text_state = 0, text_ascii_bytes = 0, text_compact_bytes = 0;
  Offset bytes_data = 0;

  std::bitset<256> calls;  // opcodes that enter C when no Python frame is above them
  std::bitset<256> heavy;  // opcodes that may enter C, depending on their operands
};

}  // namespace payoff::profile
