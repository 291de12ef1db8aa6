// python/src/memory_file.cpp: the binding of a descriptor that knows its own file
#include "memory_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

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

// Gives back the memory of what lies before `until`. Where that cannot be had, it stays.
void forget(const Descriptor& file, std::int64_t until) {
  const int fd = file.fd();
  if (fd >= 0) (void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, until);
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
      .def("forget", &forget, nb::arg("until"),
           "Gives back the memory of the bytes before `until`.")
      .def("close", &Descriptor::reset);
}

}  // namespace payoff::python
