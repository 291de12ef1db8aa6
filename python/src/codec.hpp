// python/src/codec.hpp: results into an arena and out of it again
#pragma once

#include <nanobind/nanobind.h>

#include <memory>

#include "ipc/arena.hpp"

namespace payoff::python {

namespace nb = nanobind;

// Appends one batch: numbers raw, in columns; all else in one pickle, large buffers out of band.
// Throws nb::python_error when something cannot be pickled; the batch is then cancelled.
[[nodiscard]] std::int64_t encode(ipc::ArenaWriter& arena, ipc::Range range, nb::handle results);

// Appends a failure: `packed` is what payoff._failure.pack() made of the exception.
[[nodiscard]] std::int64_t encode_failure(ipc::ArenaWriter& arena, std::int64_t index,
                                          nb::bytes packed);

[[nodiscard]] bool is_failure(const ipc::BatchHeader& header);

// Puts a batch's results into their places; returns the packed failure instead, if it is one.
[[nodiscard]] nb::object decode(const std::shared_ptr<ipc::ArenaView>& view, std::int64_t offset,
                                nb::list into);

void bind_buffers(nb::module_& m);

}  // namespace payoff::python
