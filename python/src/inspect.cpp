// python/src/inspect.cpp: the self-test: is what we read of this interpreter true?
#include <nanobind/nanobind.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "layout.hpp"
#include "layout_parts.hpp"
#include "profile/codes.hpp"
#include "profile/frames.hpp"
#include "profile/gil.hpp"
#include "profile/peek.hpp"

namespace nb = nanobind;

namespace payoff::python {
namespace {

using profile::Address;
using profile::Layout;

Address address_of(const void* object) { return reinterpret_cast<Address>(object); }

// The frames that the interpreter itself tells, innermost first, against those that were read.
std::string compare_stack(const Layout& layout, const profile::RawStack& stack) {
  profile::Codes codes(layout);
  PyFrameObject* frame = PyThreadState_GetFrame(PyThreadState_Get());
  std::size_t depth = 0;
  std::string wrong;
  while (frame != nullptr && wrong.empty() && depth < stack.frames.size()) {
    const auto& read = stack.frames[depth++];
    PyCodeObject* const code = PyFrame_GetCode(frame);
    const profile::Code* const copied = codes.find(read.code, 0);
    if (read.code != address_of(code))
      wrong = "another frame than the interpreter's";
    else if (copied == nullptr)
      wrong = "a code object that cannot be read";
    else if (copied->qualname != nb::cast<std::string>(nb::handle(code->co_qualname)))
      wrong = "another name than the interpreter's";
    else if (copied->line(read.instruction) != PyFrame_GetLineNumber(frame))
      wrong = "another line than the interpreter's";
    Py_DECREF(code);
    PyFrameObject* const back = PyFrame_GetBack(frame);
    Py_DECREF(frame);
    frame = back;
  }
  if (wrong.empty() && !stack.deeper && (frame != nullptr || depth < stack.frames.size()))
    wrong = "another depth than the interpreter's";
  Py_XDECREF(frame);
  return wrong;
}

std::string check_frames(const Layout& layout) {
  const int tid = static_cast<int>(::syscall(SYS_gettid));
  profile::FrameReader reader(layout);
  profile::RawStack stack;
  const auto reading = reader.read(address_of(PyThreadState_Get()), tid, stack);
  if (reading != profile::Reading::whole) return "nothing (process_vm_readv may be forbidden)";
  if (stack.frames.size() < 3) return "too few frames";
  return compare_stack(layout, stack);
}

std::string check_interpreters(const Layout& layout) {
  const auto found = profile::interpreters(layout);
  std::size_t count = 0;
  for (PyInterpreterState* one = PyInterpreterState_Head(); one != nullptr;
       one = PyInterpreterState_Next(one))
    ++count;
  if (found.size() != count || found.front().address != address_of(PyInterpreterState_Main()))
    return "another list of interpreters";
  const std::pair<int, Address> me(static_cast<int>(::syscall(SYS_gettid)),
                                   address_of(PyThreadState_Get()));
  const Address interpreter = address_of(PyInterpreterState_Get());
  for (const auto& one : found)
    if (one.address == interpreter &&
        std::find(one.threads.begin(), one.threads.end(), me) != one.threads.end())
      return {};
  return "an interpreter that lacks the running thread";
}

bool holder_is_right(const Layout& layout) {
  for (const auto& one : profile::interpreters(layout))
    if (one.address == address_of(PyInterpreterState_Get()))
      return profile::holder(layout, one.gil) == address_of(PyThreadState_Get());
  return false;
}

// Calls `check` below a generator, which lies elsewhere than other frames, below a call from C.
void call_in_generator(const nb::object& check) {
  static const char* const kCode =
      "def outer(check):\n"
      "    def inner():\n"
      "        yield check()\n"
      "\n"
      "    return list(inner())\n"
      "\n"
      "\n"
      "outer(check)\n";
  nb::dict names;
  names["__builtins__"] = nb::borrow(PyEval_GetBuiltins());
  names["check"] = check;
  PyObject* const code = Py_CompileString(kCode, "<payoff>", Py_file_input);
  if (code == nullptr) throw nb::python_error();
  const nb::object held = nb::steal(code);
  const nb::object result = nb::steal(PyEval_EvalCode(code, names.ptr(), names.ptr()));
  if (!result.is_valid()) throw nb::python_error();
}

}  // namespace

profile::PythonSide inspect_interpreter() {
  profile::remember_process();
  profile::PythonSide side;
  side.runtime = std::string("CPython ") + PY_VERSION;
  side.gil = find_gil();
  if (const auto layout = layout_of_this_cpython()) {
    side.layout = *layout;
    std::string wrong = check_interpreters(side.layout);
    if (wrong.empty()) {
      wrong = "nothing";
      call_in_generator(nb::cpp_function([&] { wrong = check_frames(side.layout); }));
    }
    side.frames = wrong.empty();
    side.layout.gil_known = side.frames && holder_is_right(side.layout);
    if (!side.frames)
      side.notes.push_back("states only, no functions and lines: the self-test of reading this " +
                           side.runtime + "'s stack met " + wrong);
    else if (!side.layout.gil_known)
      side.notes.push_back(
          "native code with and without the GIL is not told apart: its holder "
          "in this " +
          side.runtime + " is not where it was expected");
  } else {
    side.notes.push_back("states only, no functions and lines: stacks of " + side.runtime +
                         " are not known yet");
  }
  if (side.gil.end == 0 && !side.layout.gil_known)
    side.notes.emplace_back(
        "waiting for the GIL is counted as waiting for a lock: the GIL's "
        "address could not be found");
  return side;
}

}  // namespace payoff::python
