// python/src/sources.cpp: lists, tuples and ranges read without a call
#include "sources.hpp"

namespace payoff::python {

Source::Source(nb::handle items) : items_(nb::borrow(items)) {
  if (PyList_CheckExact(items.ptr())) {
    kind_ = Kind::list;
  } else if (PyTuple_CheckExact(items.ptr())) {
    kind_ = Kind::tuple;
  } else if (PyRange_Check(items.ptr())) {
    int start_over = 0, step_over = 0, stop_over = 0;
    range_.start = PyLong_AsLongLongAndOverflow(nb::object(items.attr("start")).ptr(), &start_over);
    range_.step = PyLong_AsLongLongAndOverflow(nb::object(items.attr("step")).ptr(), &step_over);
    (void)PyLong_AsLongLongAndOverflow(nb::object(items.attr("stop")).ptr(), &stop_over);
    if (start_over == 0 && step_over == 0 && stop_over == 0) kind_ = Kind::range;
  }
}

Items::Items(nb::tuple sources) : all_(sources) {
  for (const nb::handle source : sources) sources_.emplace_back(source);
}

PyListObject* Items::plain_list() const {
  PyObject* only = sources_.front().items().ptr();
  const bool plain = sources_.size() == 1 && PyList_CheckExact(only);
  return plain ? reinterpret_cast<PyListObject*>(only) : nullptr;
}

Items::~Items() { Py_XDECREF(last_); }

PyObject* Items::together(std::int64_t index) {
  const auto n = static_cast<Py_ssize_t>(sources_.size());
  // zip()'s own trick: a tuple that only we still hold is filled again.
  PyObject* tuple = last_;
  if (tuple == nullptr || Py_REFCNT(tuple) != 1) {
    Py_XDECREF(last_);
    last_ = nullptr;
    tuple = PyTuple_New(n);
    if (tuple == nullptr) return nullptr;
    last_ = tuple;
  }
  for (Py_ssize_t k = 0; k < n; ++k) {
    PyObject* item = sources_[static_cast<std::size_t>(k)].item(index);
    if (item == nullptr) return nullptr;
    PyObject* old = PyTuple_GET_ITEM(tuple, k);
    PyTuple_SET_ITEM(tuple, k, item);
    Py_XDECREF(old);
  }
  // The collector may have stopped tracking it while it held only numbers.
  if (PyObject_GC_IsTracked(tuple) == 0) PyObject_GC_Track(tuple);
  return Py_NewRef(tuple);
}

}  // namespace payoff::python
