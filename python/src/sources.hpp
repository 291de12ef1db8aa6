// python/src/sources.hpp: where a loop's items come from; one item in a few nanoseconds
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <vector>

namespace payoff::python {

namespace nb = nanobind;

// The numbers of a range.
struct Progression {
  long long start = 0, step = 1;
  [[nodiscard]] long long at(std::int64_t index) const { return start + index * step; }
};

// One sequence. Lists, tuples and ranges are read directly; anything else by its own indexing.
class Source {
 public:
  explicit Source(nb::handle items);
  // A new reference, or null with an exception set.
  [[nodiscard]] PyObject* item(std::int64_t index) const {
    switch (kind_) {
      case Kind::list:  // the body may have shortened it
        if (index < PyList_GET_SIZE(items_.ptr()))
          return Py_NewRef(PyList_GET_ITEM(items_.ptr(), index));
        break;
      case Kind::tuple:
        return Py_NewRef(PyTuple_GET_ITEM(items_.ptr(), index));
      case Kind::range:
        return PyLong_FromLongLong(range_.at(index));
      case Kind::other:
        break;
    }
    return PySequence_GetItem(items_.ptr(), index);
  }
  [[nodiscard]] nb::handle items() const { return items_; }
  [[nodiscard]] const Progression* range() const {
    return kind_ == Kind::range ? &range_ : nullptr;
  }

 private:
  enum class Kind { list, tuple, range, other };
  nb::object items_;
  Kind kind_ = Kind::other;
  Progression range_;
};

// The items of a loop: of one sequence as they are, of several in tuples, as zip() does.
class Items {
 public:
  explicit Items(nb::tuple sources);
  ~Items();
  Items(const Items&) = delete;
  Items& operator=(const Items&) = delete;
  [[nodiscard]] PyObject* item(std::int64_t index) {
    return sources_.size() == 1 ? sources_.front().item(index) : together(index);
  }
  [[nodiscard]] std::size_t arity() const { return sources_.size(); }
  // The items themselves, borrowed, when they are one plain list; else null.
  [[nodiscard]] PyListObject* plain_list() const;
  // The same for a range.
  [[nodiscard]] const Progression* plain_range() const {
    return sources_.size() == 1 ? sources_.front().range() : nullptr;
  }
  [[nodiscard]] nb::tuple all() const { return all_; }

 private:
  PyObject* together(std::int64_t index);
  nb::tuple all_;
  std::vector<Source> sources_;
  PyObject* last_ = nullptr;  // handed out before; reused when nobody has kept it
};

}  // namespace payoff::python
