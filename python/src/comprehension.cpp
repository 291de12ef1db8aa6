// python/src/comprehension.cpp: a look at the interpreter's own stack, believed only if it fits
#include "comprehension.hpp"

#include <cstddef>

namespace payoff::python {

#if PY_VERSION_HEX < 0x030e0000
namespace {

// A frame of 3.11 to 3.13 (Include/internal/pycore_frame.h) as words: eight pointers, a word of
// small fields, then what belongs to the code: locals, cells, and the stack.
#if PY_VERSION_HEX < 0x030c0000
constexpr std::size_t kCode = 4;
#else
constexpr std::size_t kCode = 0;
#endif
constexpr std::size_t kLocals = 9;

PyObject* const* top_frame() {
  const PyThreadState* thread = PyThreadState_Get();
#if PY_VERSION_HEX < 0x030d0000
  return reinterpret_cast<PyObject* const*>(thread->cframe->current_frame);
#else
  return reinterpret_cast<PyObject* const*>(thread->current_frame);
#endif
}

}  // namespace

// The list lies just below the iterator.
nb::object list_filled_from(PyObject* iterator) {
  PyObject* const* frame = top_frame();
  if (frame == nullptr || !PyCode_Check(frame[kCode])) return {};
  const auto* code = reinterpret_cast<PyCodeObject*>(frame[kCode]);
  PyObject* const* stack = frame + kLocals + code->co_nlocalsplus;
  for (int at = 1; at < code->co_stacksize; ++at) {
    if (stack[at] != iterator) continue;
    PyObject* below = stack[at - 1];
    const bool fits = below != nullptr && PyList_CheckExact(below) && Py_REFCNT(below) == 1 &&
                      PyList_GET_SIZE(below) == 0;
    return fits ? nb::borrow(below) : nb::object();
  }
  return {};
}
#else
nb::object list_filled_from(PyObject*) { return {}; }
#endif

}  // namespace payoff::python
