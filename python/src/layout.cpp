// python/src/layout.cpp: the fields of this CPython: its public structs, and a short table
#include "layout.hpp"

#include <Python.h>
#include <dlfcn.h>
#include <opcode.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <optional>

#include "layout_parts.hpp"
#include "profile/peek.hpp"

namespace payoff::python {
namespace {

using profile::Address;
using profile::Layout;
using profile::Offset;

#if PY_VERSION_HEX >= 0x030d0000 && PY_VERSION_HEX < 0x030e0000
// The table that 3.13 carries at the start of _PyRuntime (Include/internal/pycore_runtime.h,
// _Py_DebugOffsets), as words after its cookie.
bool add_internals(Layout& layout) {
  enum : std::size_t {
    version,
    runtime_interpreters = 4,
    interpreter_id = 6,
    interpreter_next = 7,
    interpreter_threads = 8,
    interpreter_gil = 13,
    lock_itself = 14,  // the main interpreter's, and that of those with one of their own
    gil_locked = 16,
    gil_holder = 17,
    frame_bytes = 27,
    frame_previous = 28,
    frame_code = 29,
    frame_instruction = 30,
    frame_owner = 32,
    words
  };
  struct {
    char cookie[8];
    std::array<std::uint64_t, words> word;
  } table{};
  if (!profile::peek(layout.runtime, table)) return false;
  if (std::memcmp(table.cookie, "xdebugpy", 8) != 0) return false;
  if (table.word[version] >> 16U != PY_VERSION_HEX >> 16U) return false;
  const auto at = [&table](std::size_t i) { return static_cast<Offset>(table.word[i]); };
  layout.runtime_interpreters = at(runtime_interpreters);
  layout.interpreter_id = at(interpreter_id);
  layout.interpreter_next = at(interpreter_next);
  layout.interpreter_threads = at(interpreter_threads);
  layout.gil_by_pointer = true;
  layout.gil = at(interpreter_gil);
  // Counted from the interpreter, but the lock may be another interpreter's.
  layout.gil_locked = at(gil_locked) - at(lock_itself);
  layout.gil_holder = at(gil_holder) - at(lock_itself);
  layout.frame_bytes = at(frame_bytes);
  layout.frame_previous = at(frame_previous);
  layout.frame_code = at(frame_code);
  layout.frame_instruction = at(frame_instruction);
  layout.frame_owner = at(frame_owner);
  layout.thread_frame = offsetof(PyThreadState, current_frame);
  return layout.frame_bytes >= sizeof(Address) && layout.frame_bytes < 1024;
}
#elif PY_VERSION_HEX >= 0x030c0000 && PY_VERSION_HEX < 0x030d0000
// Include/internal/pycore_{runtime,interp,gil,frame}.h; the same in 3.12.1 to 3.12.10.
bool add_internals(Layout& layout) {
  layout.runtime_interpreters = 40;
  layout.interpreter_next = 0;
  layout.interpreter_id = 8;
  layout.interpreter_threads = 72;
  layout.gil_by_pointer = true;
  layout.gil = 384;
  layout.gil_holder = 8;
  layout.gil_locked = 16;
  layout.frame_code = 0;
  layout.frame_previous = 8;
  layout.frame_instruction = 56;
  layout.frame_owner = 70;
  layout.frame_bytes = 72;
  layout.thread_frame = offsetof(PyThreadState, cframe);
  layout.frame_by_pointer = true;
  layout.pointed_frame = offsetof(_PyCFrame, current_frame);
  return true;
}
#elif PY_VERSION_HEX < 0x030c0000
// The same in 3.11.2 and 3.11.7.
bool add_internals(Layout& layout) {
  layout.runtime_interpreters = 40;
  layout.interpreter_next = 0;
  layout.interpreter_threads = 16;
  layout.interpreter_id = 48;
  layout.gil = 360;
  layout.gil_holder = 8;
  layout.gil_locked = 16;
  layout.frame_code = 32;
  layout.frame_previous = 48;
  layout.frame_instruction = 56;
  layout.frame_owner = 69;
  layout.frame_bytes = 72;
  layout.thread_frame = offsetof(PyThreadState, cframe);
  layout.frame_by_pointer = true;
  layout.pointed_frame = offsetof(_PyCFrame, current_frame);
  return true;
}
#else
bool add_internals(Layout&) { return false; }
#endif

void add_public(Layout& layout) {
#if PY_VERSION_HEX < 0x030e0000
  layout.thread_next = offsetof(PyThreadState, next);
  layout.thread_interpreter = offsetof(PyThreadState, interp);
  layout.thread_native_id = offsetof(PyThreadState, native_thread_id);
  layout.thread_chunk = offsetof(PyThreadState, datastack_chunk);
  layout.thread_top = offsetof(PyThreadState, datastack_top);
  layout.thread_bytes = offsetof(PyThreadState, datastack_top) + sizeof(void*);
  layout.chunk_previous = offsetof(_PyStackChunk, previous);
  layout.chunk_bytes = offsetof(_PyStackChunk, size);
  layout.chunk_top = offsetof(_PyStackChunk, top);
  layout.chunk_data = offsetof(_PyStackChunk, data);
  layout.code_type = reinterpret_cast<Address>(&PyCode_Type);
  layout.object_type = offsetof(PyObject, ob_type);
  layout.object_size = offsetof(PyVarObject, ob_size);
  layout.code_first_line = offsetof(PyCodeObject, co_firstlineno);
  layout.code_qualname = offsetof(PyCodeObject, co_qualname);
  layout.code_filename = offsetof(PyCodeObject, co_filename);
  layout.code_line_table = offsetof(PyCodeObject, co_linetable);
  layout.code_first_traceable = offsetof(PyCodeObject, _co_firsttraceable);
  layout.code_instructions = offsetof(PyCodeObject, co_code_adaptive);
  layout.text_length = offsetof(PyASCIIObject, length);
  // PyASCIIObject::state is a bit field behind length and hash, both of pointer size.
  layout.text_state = offsetof(PyASCIIObject, hash) + sizeof(Py_hash_t);
  layout.text_ascii_bytes = sizeof(PyASCIIObject);
  layout.text_compact_bytes = sizeof(PyCompactUnicodeObject);
  layout.bytes_data = offsetof(PyBytesObject, ob_sval);
  layout.gil_bytes = 208;  // struct _gil_runtime_state, glibc's condition variables and mutexes
#else
  (void)layout;
#endif
}

// The opcodes that can be where a frame without one above it spends long in C.
void add_opcodes(Layout& layout) {
#if PY_VERSION_HEX < 0x030e0000
  for (const int opcode : {
         CALL, CALL_FUNCTION_EX,
#if PY_VERSION_HEX >= 0x030d0000
             CALL_KW, CALL_INTRINSIC_1, CALL_INTRINSIC_2, CALL_ALLOC_AND_ENTER_INIT,
             CALL_BUILTIN_CLASS, CALL_BUILTIN_FAST, CALL_BUILTIN_FAST_WITH_KEYWORDS, CALL_BUILTIN_O,
             CALL_ISINSTANCE, CALL_LEN, CALL_LIST_APPEND, CALL_METHOD_DESCRIPTOR_FAST,
             CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS, CALL_METHOD_DESCRIPTOR_NOARGS,
             CALL_METHOD_DESCRIPTOR_O, CALL_NON_PY_GENERAL, CALL_STR_1, CALL_TUPLE_1, CALL_TYPE_1,
             INSTRUMENTED_CALL, INSTRUMENTED_CALL_KW, INSTRUMENTED_CALL_FUNCTION_EX
#elif PY_VERSION_HEX >= 0x030c0000
           CALL_INTRINSIC_1, CALL_INTRINSIC_2, CALL_BUILTIN_CLASS,
           CALL_BUILTIN_FAST_WITH_KEYWORDS, CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS,
           CALL_NO_KW_BUILTIN_FAST, CALL_NO_KW_BUILTIN_O, CALL_NO_KW_ISINSTANCE, CALL_NO_KW_LEN,
           CALL_NO_KW_LIST_APPEND, CALL_NO_KW_METHOD_DESCRIPTOR_FAST,
           CALL_NO_KW_METHOD_DESCRIPTOR_NOARGS, CALL_NO_KW_METHOD_DESCRIPTOR_O, CALL_NO_KW_STR_1,
           CALL_NO_KW_TUPLE_1, CALL_NO_KW_TYPE_1, INSTRUMENTED_CALL, INSTRUMENTED_CALL_FUNCTION_EX
#else
           CALL_ADAPTIVE, PRECALL, PRECALL_BUILTIN_CLASS,
           PRECALL_BUILTIN_FAST_WITH_KEYWORDS, PRECALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS,
           PRECALL_NO_KW_BUILTIN_FAST, PRECALL_NO_KW_BUILTIN_O, PRECALL_NO_KW_ISINSTANCE,
           PRECALL_NO_KW_LEN, PRECALL_NO_KW_LIST_APPEND, PRECALL_NO_KW_METHOD_DESCRIPTOR_FAST,
           PRECALL_NO_KW_METHOD_DESCRIPTOR_NOARGS, PRECALL_NO_KW_METHOD_DESCRIPTOR_O,
           PRECALL_NO_KW_STR_1, PRECALL_NO_KW_TUPLE_1, PRECALL_NO_KW_TYPE_1
#endif
       })
    layout.calls.set(static_cast<std::size_t>(opcode));
  for (const int opcode : {
         BINARY_OP, BINARY_SUBSCR, STORE_SUBSCR, DELETE_SUBSCR, CONTAINS_OP, COMPARE_OP, FOR_ITER,
             LIST_EXTEND, SET_UPDATE, DICT_UPDATE, DICT_MERGE, UNPACK_SEQUENCE, GET_ITER,
             IMPORT_NAME, BUILD_STRING, LOAD_ATTR, STORE_ATTR, UNARY_NEGATIVE, UNARY_INVERT,
             BINARY_OP_INPLACE_ADD_UNICODE, BINARY_OP_ADD_UNICODE,
#if PY_VERSION_HEX >= 0x030c0000
             BINARY_SLICE, STORE_SLICE,
#endif
#if PY_VERSION_HEX >= 0x030d0000
             TO_BOOL, FORMAT_SIMPLE, FORMAT_WITH_SPEC
#else
           FORMAT_VALUE
#endif
       })
    layout.heavy.set(static_cast<std::size_t>(opcode));
#else
  (void)layout;
#endif
}

}  // namespace

std::optional<Layout> layout_of_this_cpython() {
  Layout layout;
  void* const runtime = ::dlsym(RTLD_DEFAULT, "_PyRuntime");
  if (runtime == nullptr) return std::nullopt;
  layout.runtime = reinterpret_cast<Address>(runtime);
  add_public(layout);
  if (!add_internals(layout)) return std::nullopt;
  add_opcodes(layout);
  return layout;
}

}  // namespace payoff::python
