// python/src/raising.cpp: exceptions between those that handle them
#include "raising.hpp"

#include <new>
#include <utility>

namespace payoff::python {

namespace nb = nanobind;

namespace {

struct Chain {
  nb::object last;
  bool met;
};

// Along the contexts of an exception, to one in particular or to the end.
Chain end_of_chain(nb::handle error, nb::handle other) {
  constexpr int kLongest = 1000;  // contexts may be a circle
  nb::object last = nb::borrow(error);
  for (int i = 0; i < kLongest && !last.is(other); ++i) {
    nb::object context = nb::steal(PyException_GetContext(last.ptr()));
    if (!context.is_valid()) return {last, false};
    last = std::move(context);
  }
  return {last, true};
}

}  // namespace

nb::object failures_if_there() {
  try {
    return nb::module_::import_("payoff._failure");
  } catch (nb::python_error& error) {
    if (!error.matches(PyExc_Exception)) throw;  // what a signal's handler raises goes on
    return {};
  }
}

bool is_interruption(nb::handle error) {
  if (PyErr_GivenExceptionMatches(error.ptr(), PyExc_KeyboardInterrupt) != 0) return true;
  const nb::object failures = failures_if_there();
  return failures.is_valid() && nb::cast<bool>(failures.attr("is_interruption")(error));
}

nb::python_error as_python_error(const std::exception& error) {
  const bool memory = dynamic_cast<const std::bad_alloc*>(&error) != nullptr;
  PyErr_SetString(memory ? PyExc_MemoryError : PyExc_RuntimeError, error.what());
  return {};
}

void raise(nb::handle error) {
  const nb::object handled = nb::steal(PyErr_GetHandledException());
  const Chain chain = end_of_chain(error, handled);
  if (handled.is_valid() && !chain.met && !end_of_chain(handled, chain.last).met)
    PyException_SetContext(chain.last.ptr(), Py_NewRef(handled.ptr()));
  PyErr_Restore(Py_NewRef(error.type().ptr()), Py_NewRef(error.ptr()),
                PyException_GetTraceback(error.ptr()));
  throw nb::python_error();
}

}  // namespace payoff::python
