// tests/ipc/descriptor_test.cpp: a number that has become another file's is not ours
#include "ipc/descriptor.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utility>

namespace payoff::ipc {
namespace {

int memory_file() { return memfd_create("payoff-test", MFD_CLOEXEC); }

bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST(Descriptor, IsClosedWithItsOwner) {
  int fd = -1;
  {
    const Descriptor file(memory_file());
    fd = file.fd();
    EXPECT_TRUE(is_open(fd));
  }
  EXPECT_FALSE(is_open(fd));
}

TEST(Descriptor, IsNoneWhereTheProgramHasClosedIt) {
  const Descriptor file(memory_file());
  close(file.fd());
  EXPECT_EQ(file.fd(), -1);
}

TEST(Descriptor, AnotherFileOfTheSameNumberIsNotOurs) {
  const int others = memory_file();
  int number = -1;
  {
    const Descriptor file(memory_file());
    number = file.fd();
    ASSERT_EQ(dup2(others, number), number);
    EXPECT_EQ(file.fd(), -1);
  }
  EXPECT_TRUE(is_open(number));
  close(number);
  close(others);
}

TEST(Descriptor, Moves) {
  Descriptor first(memory_file());
  const int fd = first.fd();
  Descriptor second(std::move(first));
  EXPECT_EQ(second.fd(), fd);
  second = Descriptor(memory_file());
  EXPECT_GE(second.fd(), 0);
  second.reset();
  EXPECT_EQ(second.fd(), -1);
  EXPECT_EQ(Descriptor().fd(), -1);
}

}  // namespace
}  // namespace payoff::ipc
