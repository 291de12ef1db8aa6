// python/src/telling.cpp: how far a loop is and what its items log, on the way to the user
#include "loop.hpp"

namespace payoff::python {

PythonLoop::~PythonLoop() {
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      close();
      return;
    } catch (nb::python_error& error) {
      error.discard_as_unraisable("payoff: what workers logged at last");
    }
  }
}

// Also after an exception: what killed workers have written is still there.
void PythonLoop::close() {
  if (!own_.is_here()) return;  // its caller hands over what workers logged
  if (has_post()) post_.attr("close")();
  post_ = nb::object();
  if (order_.is_valid()) order_.attr("close")();
  order_ = nb::object();
}

void PythonLoop::show(const engine::Progress& now) {
  if (has_post()) post_.attr("deliver")();
  if (order_.is_valid()) order_.attr("deliver")(now.done_below);
  if (!listener_.is_none()) listener_(now.done, now.backend, now.sharers, now.speedup);
}

Call PythonLoop::call_for_worker() {
  begin_order();
  return call_.for_another_thread();
}

void PythonLoop::begin_order() {
  if (!in_order_ || order_.is_valid()) return;
  caller_ = std::this_thread::get_id();
  const nb::object item = nb::cpp_function([this] { return item_run_here(); });
  order_ = nb::module_::import_("payoff._order").attr("Order")(item);
  order_.attr("begin")();  // known here before: what is held back ends with this loop
}

// The index of this loop's item that the calling thread runs, or -1. All threads of a worker are at
// its item.
std::int64_t PythonLoop::item_run_here() const {
  if (backends::inside_a_worker()) return strips_ != nullptr ? strips_->in_flight() : last_index_;
  if (std::this_thread::get_id() == caller_) return strips_ != nullptr ? strips_->in_flight() : -1;
  return item_run_by_this_thread(*this);
}

}  // namespace payoff::python
