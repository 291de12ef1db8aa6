// python/src/record.hpp: a plain C++ struct as a read-only Python class that can be printed
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <vector>

#include "payoff/seconds.hpp"

namespace payoff::python {

// Times are float seconds there.
template <class Value>
struct AsPython {
  static const Value& of(const Value& value) { return value; }
};
template <>
struct AsPython<seconds> {
  static double of(seconds time) { return time.count(); }
};
template <>
struct AsPython<std::optional<seconds>> {
  static std::optional<double> of(const std::optional<seconds>& time) {
    return time ? std::optional(time->count()) : std::nullopt;
  }
};

template <class T>
class Record {
 public:
  Record(nanobind::module_& m, const char* name, const char* doc) : type_(m, name, doc) {}

  template <class Value>
  Record& field(const char* name, Value T::*member, const char* doc) {
    names_.emplace_back(name);
    type_.def_prop_ro(
        name, [member](const T& self) { return AsPython<Value>::of(self.*member); }, doc);
    return *this;
  }

  // Forecast(workers=8, time=1.5, ...), from the fields declared so far.
  nanobind::class_<T>& printed() {
    type_.def("__repr__", [names = std::move(names_)](nanobind::handle self) {
      std::string text = nanobind::cast<std::string>(self.type().attr("__name__"));
      text += '(';
      for (const std::string& name : names) {
        if (&name != &names.front()) text += ", ";
        text += name + '=' + nanobind::cast<std::string>(nanobind::repr(self.attr(name.c_str())));
      }
      return text + ')';
    });
    return type_;
  }

 private:
  nanobind::class_<T> type_;
  std::vector<std::string> names_;
};

}  // namespace payoff::python
