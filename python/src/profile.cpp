// python/src/profile.cpp: the sampler, as Python starts and stops it
#include "profile.hpp"

#include <nanobind/stl/string.h>

#include <string>
#include <string_view>
#include <utility>

#include "ending.hpp"
#include "layout.hpp"
#include "profile/recorder.hpp"

namespace nb = nanobind;

namespace payoff::python {
namespace {

// The names that Python's threads go by. Nothing is imported for them, and what is not as expected
// is left out.
profile::Names thread_names() {
  profile::Names names;
  try {
    const nb::dict modules = nb::borrow<nb::dict>(PyImport_GetModuleDict());
    if (!modules.contains("threading")) return names;
    const nb::dict active = nb::borrow<nb::dict>(modules["threading"].attr("_active"));
    const nb::list threads = active.values();
    for (nb::handle thread : threads) {
      const nb::object tid = thread.attr("native_id"), name = thread.attr("name");
      if (nb::isinstance<nb::int_>(tid) && nb::isinstance<nb::str>(name))
        names.emplace_back(nb::cast<int>(tid), nb::cast<std::string>(name));
    }
  } catch (const nb::python_error&) {
    // a subclass of Thread may do anything; its error has been taken with the exception
  } catch (const nb::cast_error&) {
  }
  return names;
}

bool start(const nb::bytes& directory, double rate, double budget) {
  if (profile::running()) return false;
  profile::RecorderOptions options;
  options.directory.assign(directory.c_str(), directory.size());
  options.rate = rate;
  options.budget = budget;
  options.python = inspect_interpreter();
  return profile::start(std::move(options));
}

nb::str text(const std::string& json) { return nb::str(json.data(), json.size()); }

nb::str stop() {
  auto names = thread_names();
  std::string json;
  {
    const WithoutGil others_may_go_on;
    json = profile::stop(std::move(names));
  }
  return text(json);
}

nb::str snapshot() {
  auto names = thread_names();
  std::string json;
  {
    const WithoutGil others_may_go_on;
    json = profile::snapshot(std::move(names));
  }
  return text(json);
}

}  // namespace

void bind_profile(nb::module_& m) {
  m.def("profile_start", &start, nb::arg("directory"), nb::arg("rate"), nb::arg("budget"));
  m.def("profile_stop", &stop);
  m.def("profile_snapshot", &snapshot);
  m.def("profile_running", &profile::running);
  m.def("profile_after_fork", &profile::after_fork);
  m.def("profile_mark", &profile::mark, nb::arg("begin"), nb::arg("end"), nb::arg("text"),
        nb::arg("receipt_json"));
}

}  // namespace payoff::python
