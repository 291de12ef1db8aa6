// python/src/strips.cpp: strips as a Python iterator, and a look at single results
#include "strips.hpp"

#include <utility>

#include "comprehension.hpp"
#include "ending.hpp"
#include "machine/process.hpp"

namespace payoff::python {

struct Strips::Object {
  PyObject_HEAD std::int64_t cursor, end;  // of the strip at hand
  PyListObject* list;        // borrowed from the items: the short way, if it is a plain list
  const Progression* range;  // or a range
  Strips* strips;            // owned
};

namespace {

Strips::Object* object(PyObject* self) { return reinterpret_cast<Strips::Object*>(self); }

PyObject* iternext(PyObject* self);

// Apart, so that the way of most items saves no register.
[[gnu::noinline]] PyObject* first_of_next_strip(PyObject* self) {
  return object(self)->strips->refill() ? iternext(self) : nullptr;
}

PyObject* iternext(PyObject* self) {
  auto* o = object(self);
  if (o->cursor == o->end) return first_of_next_strip(self);
  const std::int64_t index = o->cursor++;
  if (o->list != nullptr && index < PyList_GET_SIZE(o->list))
    return Py_NewRef(PyList_GET_ITEM(o->list, index));
  if (o->range != nullptr) return PyLong_FromLongLong(o->range->at(index));
  return o->strips->item(index);
}

void dealloc(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  delete object(self)->strips;
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* look_through(PyObject* self, PyObject* cell) {
  object(self)->strips->look_through(cell);
  Py_RETURN_NONE;
}

PyMethodDef kMethods[] = {
    {"look_through", look_through, METH_O, "The cell through which the loop calls its function."},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot kSlots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                        {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
                        {Py_tp_iternext, reinterpret_cast<void*>(iternext)},
                        {Py_tp_methods, kMethods},
                        {0, nullptr}};

PyType_Spec kSpec = {"payoff._core.Strips", sizeof(Strips::Object), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, kSlots};

PyTypeObject* strips_type() {
  static auto* type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&kSpec));
  return type;
}

// What stands in the cell for one call. A bound C function: it adds no frame to a traceback.
PyObject* watching(PyObject* self, PyObject* const* args, Py_ssize_t nargs, PyObject* names) {
  return object(self)->strips->watched_call(args, static_cast<std::size_t>(nargs), names);
}

PyMethodDef kWatching = {"watching",
                         reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(watching)),
                         METH_FASTCALL | METH_KEYWORDS, nullptr};

}  // namespace

nb::object Strips::make(nb::handle f, std::shared_ptr<Items> items, NextStrip next) {
  auto* o = PyObject_New(Object, strips_type());
  if (o == nullptr) throw nb::python_error();
  o->cursor = o->end = 0;
  o->list = items->plain_list();
  o->range = items->plain_range();
  o->strips = new Strips(o, f, std::move(items), std::move(next));
  return nb::steal(reinterpret_cast<PyObject*>(o));
}

Strips& Strips::of(nb::handle iterator) { return *object(iterator.ptr())->strips; }

PyObject* Strips::next() { return iternext(reinterpret_cast<PyObject*>(self_)); }

std::int64_t Strips::in_flight() const { return self_->cursor - 1; }

void Strips::publish(std::atomic<std::int64_t>* in_flight) {
  in_flight_ = in_flight;
  self_->list = nullptr;  // every item takes the long way
  self_->range = nullptr;
}

void Strips::rekey(const Rekey& streams) {
  rekey_ = streams;
  self_->list = nullptr;
  self_->range = nullptr;
}

PyObject* Strips::item(std::int64_t index) {
  // The body has shortened its own list: a loop would end here, and so does the caller's.
  const PyListObject* list = items_->plain_list();
  if (in_flight_ == nullptr && list != nullptr && index >= PyList_GET_SIZE(list)) return nullptr;
  if (in_flight_ != nullptr) in_flight_->store(index, std::memory_order_relaxed);
  if (rekey_) rekey_->select(index);
  return items_->item(index);
}

bool Strips::refill() {
  stand_still_at_the_end();
  // What C calls looks for no signals, and a loop in Python would between its items.
  if (PyErr_CheckSignals() != 0) return false;
  if (std::exchange(keeping_, false))
    filled_ = list_filled_from(reinterpret_cast<PyObject*>(self_));
  try {
    const ipc::Range strip = next_strip_();
    if (strip.empty()) return false;
    self_->cursor = strip.begin;
    self_->end = strip.end;
    if (observing_ && seen_.results < 2) peek();
    return true;
  } catch (nb::python_error& error) {
    error.restore();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
  }
  return false;
}

void Strips::close() {
  self_->cursor = self_->end = 0;
  next_strip_ = [] { return ipc::Range{}; };
  in_flight_ = nullptr;
  seen_ = {};
  if (cell_.is_valid()) PyCell_Set(cell_.ptr(), f_.ptr());
  cell_ = {};
  filled_ = {};
}

void Strips::look_through(nb::handle cell) {
  if (!observing_) return;
  cell_ = nb::borrow(cell);
  peek();
}

void Strips::peek() {
  peeking_ = true;
  if (!cell_.is_valid()) return;  // call_each() looks by itself
  const nb::object callable =
      nb::steal(PyCFunction_New(&kWatching, reinterpret_cast<PyObject*>(self_)));
  PyCell_Set(cell_.ptr(), callable.ptr());
}

PyObject* Strips::watched_call(PyObject* const* args, std::size_t nargs, PyObject* names) {
  PyCell_Set(cell_.ptr(), f_.ptr());
  PyObject* result = PyObject_Vectorcall(f_.ptr(), args, nargs, names);
  if (result != nullptr) see(result);
  return result;
}

void Strips::see(PyObject* result) {
  peeking_ = false;
  ++seen_.results;
  if (result == Py_None)
    ++seen_.nones;
  else
    seen_.last = nb::borrow(result);
}

// What stands in the place of an item that raised; null, with an exception set, when that goes on.
PyObject* rescued(nb::handle rescue, std::int64_t index, PyObject* item) {
  const nb::python_error error;  // takes it
  return PyObject_CallFunction(rescue.ptr(), "OLO", error.value().ptr(),
                               static_cast<long long>(index), item);
}

nb::object call_each(Strips& strips, const Each& each) {
  const machine::OwnProcess own;  // what a child of an item raises is no result here
  const nb::handle keywords = each.keywords;
  // Room for all, and a size that grows with the results: no append, and never an empty place.
  const nb::object results = nb::steal(PyList_New(static_cast<Py_ssize_t>(each.at_most)));
  if (!results.is_valid()) throw nb::python_error();
  auto* list = reinterpret_cast<PyListObject*>(results.ptr());
  Py_SET_SIZE(list, 0);
  PyObject** const places = list->ob_item;
  Py_ssize_t filled = 0;
  PyObject* f = strips.f().ptr();
  const std::size_t arity = strips.arity();
  const bool plain = !keywords.is_valid() && arity == 1;
  while (PyObject* item = unwound_no_further([&] { return strips.next(); })) {
    PyObject* result = nullptr;
    if (plain) {
      result = unwound_no_further([&] { return PyObject_Vectorcall(f, &item, 1, nullptr); });
    } else if (keywords.is_valid()) {
      const nb::object args = arity == 1 ? nb::make_tuple(nb::handle(item)) : nb::borrow(item);
      result = unwound_no_further([&] { return PyObject_Call(f, args.ptr(), keywords.ptr()); });
    } else {
      PyObject* const* const args = &PyTuple_GET_ITEM(item, 0);
      result = unwound_no_further([&] { return PyObject_Vectorcall(f, args, arity, nullptr); });
    }
    if (result == nullptr && !each.rescue.is_none() && own.is_here())
      result = unwound_no_further([&] { return rescued(each.rescue, strips.in_flight(), item); });
    Py_DECREF(item);
    if (result == nullptr) break;
    if (strips.wants_look()) strips.see(result);
    places[filled] = result;
    Py_SET_SIZE(list, ++filled);
  }
  if (PyErr_Occurred() == nullptr) return results;
  *each.unfinished = results;
  throw nb::python_error();
}

}  // namespace payoff::python
