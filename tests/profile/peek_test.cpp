// tests/profile/peek_test.cpp: own memory read by the kernel, also where a sandbox forbids one way
#include "profile/peek.hpp"

#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <thread>
#include <vector>

namespace payoff::profile {
namespace {

Address address_of(const void* memory) { return reinterpret_cast<Address>(memory); }

// What is there is read, in whatever pieces; what is not there is refused, and harms no later read.
bool reads_right() {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const two =
      ::mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  auto* const bytes = static_cast<unsigned char*>(two);
  ::munmap(bytes + page, page);
  bytes[0] = 1;
  bytes[page - 1] = 2;
  std::vector<unsigned char> large(100'000, 7), copy(large.size());
  for (int round = 0; round < 3; ++round) {
    unsigned char first = 0, last = 0, beyond = 0;
    const std::array<Piece, 2> there{
        {{address_of(bytes), &first, 1}, {address_of(bytes + page - 1), &last, 1}}};
    if (!peek(there) || first != 1 || last != 2) return false;
    const std::array<Piece, 2> half{
        {{address_of(bytes), &first, 1}, {address_of(bytes + page), &beyond, 1}}};
    if (peek(half) || peek(address_of(bytes + page), beyond) || peek(Address{8}, beyond))
      return false;
  }
  const bool whole = peek(address_of(large.data()), copy.data(), 20'000) && copy[19'999] == 7;
  ::munmap(bytes, page);
  return whole;
}

bool reads_much() {
  std::vector<unsigned char> large(100'000, 7), copy(large.size());
  return peek(address_of(large.data()), copy.data(), copy.size()) && copy == large;
}

void forbid_process_vm_readv() {
  std::array<sock_filter, 4> code{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{code.size(), code.data()};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    ::_exit(3);
}

// In a process of its own: 0 when all is right.
template <class Test>
int in_child(Test test) {
  const pid_t child = ::fork();
  if (child == 0) {
    remember_process();
    ::_exit(test() ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return status;
}

TEST(Peek, ReadsWhatIsThere) {
  EXPECT_EQ(in_child([] { return reads_right() && reads_much(); }), 0);
}

TEST(Peek, ReadsThroughAPipe) {
  EXPECT_EQ(in_child([] {
              peek_by_pipe();
              return reads_right() && reads_much();
            }),
            0);
}

TEST(Peek, ReadsInASandbox) {
  EXPECT_EQ(in_child([] {
              forbid_process_vm_readv();
              char byte = 0;
              iovec piece{&byte, 1};
              if (::process_vm_readv(::getpid(), &piece, 1, &piece, 1, 0) >= 0) return false;
              if (!reads_right()) return false;
              peek_by_pipe();
              return reads_right();
            }),
            0);
}

TEST(Peek, GoesOnWithoutItsPipe) {
  EXPECT_EQ(in_child([] {
              peek_by_pipe();
              for (int file = 3; file < 64; ++file) ::close(file);
              return reads_right() && reads_much();
            }),
            0);
}

}  // namespace
}  // namespace payoff::profile
