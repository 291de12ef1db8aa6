// python/src/strips.hpp: the iterator under the caller's comprehension
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>

#include "ipc/board.hpp"
#include "rekey.hpp"
#include "sources.hpp"

namespace payoff::python {

// Hands out the items of claimed strips. Between two strips it asks `next_strip`, which looks at
// the clock, decides, forks; within a strip an item costs a handful of instructions more than the
// loop's own iterator would.
class Strips {
 public:
  using NextStrip = std::function<ipc::Range()>;

  // A new iterator, owned by Python. Its Strips object lives as long as it does.
  [[nodiscard]] static nb::object make(nb::handle f, std::shared_ptr<Items> items, NextStrip next);
  [[nodiscard]] static Strips& of(nb::handle iterator);
  Strips(const Strips&) = delete;
  Strips& operator=(const Strips&) = delete;

  // The next item, as tp_iternext: a new reference, or null (with or without an exception set).
  [[nodiscard]] PyObject* next();
  // Index of the item handed out last; -1 before the first.
  [[nodiscard]] std::int64_t in_flight() const;
  // Publishes in_flight for each item, for those who outlive this process.
  void publish(std::atomic<std::int64_t>* in_flight);
  void rekey(const Rekey& streams);
  // A comprehension is about to iterate: filled() will be the list it fills, where that is known.
  void keep_list() { keeping_ = true; }
  [[nodiscard]] const nb::object& filled() const { return filled_; }

  // Looking at results. The comprehension calls `f` through this cell, so that single calls can be
  // watched without a price for all others: peek() puts a watching callable there for one call.
  void observe() { observing_ = true; }  // off in workers
  void look_through(nb::handle cell);
  void peek();
  // Called by the watching callable.
  PyObject* watched_call(PyObject* const* args, std::size_t nargsf, PyObject* names);

  struct Seen {
    std::int64_t results = 0, nones = 0;
    nb::object last;  // the last result that was not None
  };
  [[nodiscard]] const Seen& seen() const { return seen_; }
  [[nodiscard]] bool wants_look() const { return peeking_; }
  void see(PyObject* result);

  [[nodiscard]] nb::handle f() const { return f_; }
  [[nodiscard]] std::size_t arity() const { return items_->arity(); }
  // The loop is over; tracebacks may keep this object, but nothing behind it.
  void close();

  // What the iterator does without help: its own part of the Python object, for speed.
  struct Object;
  [[nodiscard]] bool refill();
  [[nodiscard]] PyObject* item(std::int64_t index);

 private:
  friend struct Object;
  Strips(Object* self, nb::handle f, std::shared_ptr<Items> items, NextStrip next_strip)
      : self_(self),
        f_(nb::borrow(f)),
        items_(std::move(items)),
        next_strip_(std::move(next_strip)) {}

  Object* self_;  // the Python object that owns this one
  nb::object f_;
  std::shared_ptr<Items> items_;
  NextStrip next_strip_;
  std::atomic<std::int64_t>* in_flight_ = nullptr;
  std::optional<Rekey> rekey_;
  nb::object cell_;
  nb::object filled_;
  bool observing_ = false, peeking_ = false, keeping_ = false;
  Seen seen_;
};

// The loop for callables that are not Python functions: `list(map(f, items))` without the layers.
struct Each {
  std::int64_t at_most = 0;
  nb::handle keywords;               // or null
  nb::handle rescue;                 // (exception, index, item) -> a result in its place; or none
  nb::object* unfinished = nullptr;  // where the results go when an exception ends the loop
};
[[nodiscard]] nb::object call_each(Strips& strips, const Each& each);

}  // namespace payoff::python
