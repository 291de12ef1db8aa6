// python/src/codec.cpp: raw columns for numbers, pickle 5 with buffers in place for all else
#include "codec.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace payoff::python {
namespace {

using ipc::ArenaWriter;

enum Kind : std::int32_t { kNone, kBool, kInt, kFloat, kTuple, kPickle, kFailure };

Kind kind_of(PyObject* value) {
  if (PyFloat_CheckExact(value)) return kFloat;
  if (PyLong_CheckExact(value)) {
    int overflow = 0;
    (void)PyLong_AsLongLongAndOverflow(value, &overflow);
    return overflow == 0 ? kInt : kPickle;
  }
  if (PyBool_Check(value)) return kBool;
  if (value == Py_None) return kNone;
  return PyTuple_CheckExact(value) && PyTuple_GET_SIZE(value) > 0 ? kTuple : kPickle;
}

using Values = std::vector<PyObject*>;  // borrowed

// The kind that all values share, or kPickle.
Kind common_kind(const Values& values) {
  const Kind first = kind_of(values.front());
  if (first == kPickle) return first;
  for (PyObject* value : values)
    if (kind_of(value) != first) return kPickle;
  return first;
}

void put_column(ArenaWriter& arena, Kind kind, const Values& values) {
  const auto n = static_cast<std::int64_t>(values.size());
  if (kind == kFloat) {
    auto* out = reinterpret_cast<double*>(arena.reserve(8 * n));
    for (PyObject* value : values) *out++ = PyFloat_AS_DOUBLE(value);
  } else if (kind == kInt) {
    auto* out = reinterpret_cast<long long*>(arena.reserve(8 * n));
    for (PyObject* value : values) *out++ = PyLong_AsLongLong(value);
  } else if (kind == kBool) {
    auto* out = arena.reserve(n, 1);
    for (PyObject* value : values) *out++ = std::byte{value == Py_True};
  }
}

// Reads a column and moves `at` behind it.
void take_column(Kind kind, const std::byte*& at, Values& into) {
  const auto n = into.size();
  if (kind == kFloat) {
    at = reinterpret_cast<std::byte*>((reinterpret_cast<std::uintptr_t>(at) + 7) &
                                      ~std::uintptr_t{7});
    const auto* in = reinterpret_cast<const double*>(at);
    for (auto& place : into) place = PyFloat_FromDouble(*in++);
    at += 8 * n;
  } else if (kind == kInt) {
    at = reinterpret_cast<std::byte*>((reinterpret_cast<std::uintptr_t>(at) + 7) &
                                      ~std::uintptr_t{7});
    const auto* in = reinterpret_cast<const long long*>(at);
    for (auto& place : into) place = PyLong_FromLongLong(*in++);
    at += 8 * n;
  } else if (kind == kBool) {
    for (auto& place : into) place = Py_NewRef(*at++ != std::byte{0} ? Py_True : Py_False);
  } else {
    for (auto& place : into) place = Py_NewRef(Py_None);
  }
}

// Tuples of one length whose columns each have one kind; false if they are not like that.
bool put_tuples(ArenaWriter& arena, const Values& values) {
  const Py_ssize_t width = PyTuple_GET_SIZE(values.front());
  if (width > 64) return false;
  std::vector<Values> columns(static_cast<std::size_t>(width));
  for (PyObject* value : values) {
    if (PyTuple_GET_SIZE(value) != width) return false;
    for (Py_ssize_t k = 0; k < width; ++k)
      columns[static_cast<std::size_t>(k)].push_back(PyTuple_GET_ITEM(value, k));
  }
  std::vector<std::int32_t> kinds;
  for (const auto& column : columns) {
    kinds.push_back(common_kind(column));
    if (kinds.back() == kPickle || kinds.back() == kTuple) return false;
  }
  arena.set_parts(static_cast<std::int32_t>(width));
  std::memcpy(arena.reserve(4 * width), kinds.data(), 4 * kinds.size());
  for (std::size_t k = 0; k < columns.size(); ++k)
    put_column(arena, static_cast<Kind>(kinds[k]), columns[k]);
  return true;
}

// A view of an object's bytes, for as long as this lives.
class View {
 public:
  View(nb::handle object, int flags) {
    if (PyObject_GetBuffer(object.ptr(), &view_, flags) != 0) throw nb::python_error();
  }
  ~View() { PyBuffer_Release(&view_); }
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  [[nodiscard]] void* begin() const { return view_.buf; }
  [[nodiscard]] std::int64_t size() const { return view_.len; }

 private:
  Py_buffer view_{};
};

struct Part {  // of a pickle: where its bytes are
  std::int64_t offset, bytes;
};

// The file that the pickler writes to: large objects go from their place to the arena at once.
struct Sink {
  ArenaWriter* arena;
  std::int64_t begin = -1, bytes = 0;
  void write(nb::handle data) {
    const View view(data, PyBUF_SIMPLE);
    const std::int64_t at = arena->append(view.begin(), view.size(), bytes == 0 ? 8 : 1);
    if (bytes == 0) begin = at;
    bytes += view.size();
  }
};

// The payload begins with the offset of a table of parts: the pickle, then its large buffers.
void put_pickle(ArenaWriter& arena, nb::handle results) {
  const std::int64_t table_at = arena.offset_of(arena.reserve(8));
  Sink sink{.arena = &arena};
  const nb::object file = nb::cast(&sink, nb::rv_policy::reference);
  const auto buffers =
      nb::cast<nb::list>(nb::module_::import_("payoff._transport").attr("dump")(results, file));
  std::vector<Part> parts{{sink.begin, sink.bytes}};
  for (const nb::handle buffer : buffers) {
    const View view(buffer, PyBUF_SIMPLE);
    // Pages of its own: it can be handed out, written to and given back without a neighbour.
    parts.push_back({arena.append(view.begin(), view.size(), ipc::kPageBytes), view.size()});
  }
  if (parts.size() > 1) (void)arena.reserve(0, ipc::kPageBytes);
  const auto bytes = static_cast<std::int64_t>(parts.size() * sizeof(Part));
  auto* table = arena.reserve(bytes);
  std::memcpy(table, parts.data(), static_cast<std::size_t>(bytes));
  *reinterpret_cast<std::int64_t*>(arena.at(table_at)) = arena.offset_of(table);
  arena.set_parts(static_cast<std::int32_t>(parts.size()));
}

// A result's memory in the arena, as a writable buffer; its pages go when the last user goes.
struct ArenaBuffer {
  std::shared_ptr<ipc::ArenaView> view;
  Part part;
  ~ArenaBuffer() { view->discard(part.offset, part.bytes); }
  ArenaBuffer(std::shared_ptr<ipc::ArenaView> v, Part p) : view(std::move(v)), part(p) {}
  ArenaBuffer(const ArenaBuffer&) = delete;
  ArenaBuffer& operator=(const ArenaBuffer&) = delete;
};

int get_buffer(PyObject* self, Py_buffer* out, int flags) {
  const auto* buffer = nb::inst_ptr<ArenaBuffer>(self);
  return PyBuffer_FillInfo(out, self, buffer->view->at(buffer->part.offset),
                           static_cast<Py_ssize_t>(buffer->part.bytes), 0, flags);
}

PyType_Slot kBufferSlots[] = {{Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)}, {0, nullptr}};

// The file that an unpickler reads from, where results are large: each goes from the arena to its
// place at once.
struct Source {
  std::shared_ptr<ipc::ArenaView> view;
  std::int64_t at, end;

  nb::bytes read(std::int64_t bytes) {
    bytes = std::clamp<std::int64_t>(bytes, 0, end - at);
    nb::object data = nb::steal(PyBytes_FromStringAndSize(nullptr, bytes));
    if (!data.is_valid()) throw nb::python_error();
    view->copy(at, PyBytes_AS_STRING(data.ptr()), bytes);
    at += bytes;
    return nb::borrow<nb::bytes>(data);
  }
  std::int64_t readinto(nb::handle buffer) {
    const View into(buffer, PyBUF_WRITABLE);
    const std::int64_t bytes = std::min(into.size(), end - at);
    view->copy(at, into.begin(), bytes);
    at += bytes;
    return bytes;
  }
  // Only protocol 0 has lines; the unpickler wants to see the method nevertheless.
  nb::bytes readline() {
    const auto* begin = reinterpret_cast<const char*>(view->at(at));
    const void* newline = std::memchr(begin, '\n', static_cast<std::size_t>(end - at));
    return read(newline != nullptr ? static_cast<const char*>(newline) - begin + 1 : end - at);
  }
};

nb::object take_pickle(const std::shared_ptr<ipc::ArenaView>& view, const ipc::BatchHeader& header,
                       const std::byte* at) {
  const std::int32_t parts = header.parts;
  const auto* table =
      reinterpret_cast<const Part*>(view->at(*reinterpret_cast<const std::int64_t*>(at)));
  nb::list buffers;
  for (std::int32_t k = 1; k < parts; ++k)
    buffers.append(nb::cast(new ArenaBuffer(view, table[k]), nb::rv_policy::take_ownership));
  const nb::object transport = nb::module_::import_("payoff._transport");
  const auto [offset, bytes] = table[0];
  if (bytes / header.range.size() >= ipc::kPastMapping) {
    Source source{.view = view, .at = offset, .end = offset + bytes};
    return transport.attr("load")(nb::cast(&source, nb::rv_policy::reference), buffers);
  }
  view->expect(offset, bytes);
  const nb::object data = nb::steal(
      PyMemoryView_FromMemory(reinterpret_cast<char*>(view->at(offset)), bytes, PyBUF_READ));
  return transport.attr("loads")(data, buffers);
}

}  // namespace

std::int64_t encode(ArenaWriter& arena, ipc::Range range, nb::handle results) {
  Values values(static_cast<std::size_t>(range.size()));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = PyList_GET_ITEM(results.ptr(), static_cast<Py_ssize_t>(i));
  const Kind kind = common_kind(values);
  if (kind != kPickle) {
    arena.begin(range, kind);
    if (kind != kTuple) {
      put_column(arena, kind, values);
      return arena.finish();
    }
    if (put_tuples(arena, values)) return arena.finish();
    arena.cancel();
  }
  arena.begin(range, kPickle);
  try {
    put_pickle(arena, results);
  } catch (...) {
    arena.cancel();
    throw;
  }
  return arena.finish();
}

std::int64_t encode_failure(ArenaWriter& arena, std::int64_t index, nb::bytes packed) {
  arena.begin({index, index + 1}, kFailure);
  std::memcpy(arena.reserve(static_cast<std::int64_t>(packed.size())), packed.c_str(),
              packed.size());
  arena.set_parts(static_cast<std::int32_t>(packed.size()));
  return arena.finish();
}

bool is_failure(const ipc::BatchHeader& header) { return header.kind == kFailure; }

nb::object decode(const std::shared_ptr<ipc::ArenaView>& view, std::int64_t offset, nb::list into) {
  const auto& header = *reinterpret_cast<const ipc::BatchHeader*>(view->at(offset));
  const std::byte* at = view->at(offset) + sizeof(ipc::BatchHeader);
  if (is_failure(header))
    return nb::bytes(reinterpret_cast<const char*>(at), static_cast<std::size_t>(header.parts));

  Values values(static_cast<std::size_t>(header.range.size()));
  if (header.kind == kPickle) {
    nb::object list;
    try {
      list = take_pickle(view, header, at);
    } catch (nb::python_error& error) {
      nb::module_::import_("payoff._failure")
          .attr("raise_unloadable")(header.range.begin, header.range.end, error.value());
    }
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = Py_NewRef(PyList_GET_ITEM(list.ptr(), static_cast<Py_ssize_t>(i)));
  } else if (header.kind == kTuple) {
    view->expect(offset, header.bytes);
    const auto* kinds = reinterpret_cast<const std::int32_t*>(at);
    at += 4 * header.parts;
    for (auto& value : values) value = PyTuple_New(header.parts);
    Values column(values.size());
    for (std::int32_t k = 0; k < header.parts; ++k) {
      take_column(static_cast<Kind>(kinds[k]), at, column);
      for (std::size_t i = 0; i < values.size(); ++i) PyTuple_SET_ITEM(values[i], k, column[i]);
    }
  } else {
    view->expect(offset, header.bytes);
    take_column(static_cast<Kind>(header.kind), at, values);
  }
  for (std::size_t i = 0; i < values.size(); ++i)
    PyList_SetItem(into.ptr(), header.range.begin + static_cast<Py_ssize_t>(i), values[i]);
  return nb::none();
}

void bind_buffers(nb::module_& m) {
  nb::class_<Sink>(m, "Sink").def("write", &Sink::write);
  nb::class_<Source>(m, "Source")
      .def("read", &Source::read)
      .def("readinto", &Source::readinto)
      .def("readline", &Source::readline);
  nb::class_<ArenaBuffer>(m, "ArenaBuffer", nb::type_slots(kBufferSlots));
}

}  // namespace payoff::python
