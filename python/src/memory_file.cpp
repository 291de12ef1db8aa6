// python/src/memory_file.cpp: the binding of a descriptor that knows its own file
#include "memory_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ipc/descriptor.hpp"

namespace payoff::python {
namespace {

namespace nb = nanobind;
using ipc::Descriptor;

// What is written goes to its end, whoever writes: the descriptor is shared with forked workers.
Descriptor create(const char* name) {
  Descriptor file(memfd_create(name, MFD_CLOEXEC));
  if (file.fd() >= 0 && fcntl(file.fd(), F_SETFL, O_APPEND) == 0) return file;
  PyErr_SetFromErrno(PyExc_OSError);
  throw nb::python_error();
}

}  // namespace

void bind_memory_file(nb::module_& m) {
  nb::class_<Descriptor>(m, "MemoryFile",
                         "A file in memory to append to, closed with its last reference.")
      .def(
          "__init__",
          [](Descriptor* self, const char* name) { new (self) Descriptor(create(name)); },
          nb::arg("name"))
      .def("fd", &Descriptor::fd,
           "Its number, or -1 where the program has closed it, and perhaps opened another file "
           "under this number.")
      .def("close", &Descriptor::reset);
}

}  // namespace payoff::python
