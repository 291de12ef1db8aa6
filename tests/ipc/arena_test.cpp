// tests/ipc/arena_test.cpp: batches cross a real fork; views are private; discarded pages are freed
#include "ipc/arena.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <new>
#include <string>
#include <vector>

namespace payoff::ipc {
namespace {

enum class Announced { yes, no };

// Runs `work` in a child; its exit status.
int in_child(Announced announced, const std::function<int()>& work) {
  pid_t child = -1;
  if (announced == Announced::yes) {
    const OwnFork own;
    child = fork();
    if (child == 0) _exit(work());
  } else {
    child = fork();
    if (child == 0) _exit(work());
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::int64_t blocks(const ArenaFile& file) {
  struct stat facts {};
  fstat(file.fd(), &facts);
  return facts.st_blocks * 512;
}

// A worker writes `pages` whole pages of the byte 'w'; where they begin and end.
Range write_pages(const ArenaFile& file, std::int64_t pages) {
  const auto at = [&] {
    ArenaWriter writer(file);
    writer.begin({0, 1}, 0);
    std::byte* place = writer.reserve(pages * kPageBytes, kPageBytes);
    std::memset(place, 'w', static_cast<std::size_t>(pages * kPageBytes));
    return writer.offset_of(place);
  };
  // The writer is a child's affair: its mapping ends with the process.
  EXPECT_EQ(in_child(Announced::yes, [&] { return at() == kPageBytes ? 0 : 1; }), 0);
  return {kPageBytes, (1 + pages) * kPageBytes};
}

TEST(Arena, CarriesBatchesAcrossAFork) {
  const auto file = ArenaFile::create();
  ASSERT_NE(file, nullptr);
  const auto word = [](std::int64_t i) { return "batch " + std::to_string(i * i); };
  const auto write = [&] {
    ArenaWriter writer(*file);
    std::int64_t end = 0;
    for (int i = 0; i < 100; ++i) {
      writer.begin({10 * i, 10 * i + 7}, i % 5);
      for (int part = 0; part < i % 4; ++part) {
        const std::string text = word(i + part);
        std::byte* place = writer.reserve(static_cast<std::int64_t>(text.size()) + 1, 1);
        std::memcpy(place, text.c_str(), text.size() + 1);
      }
      writer.set_parts(i % 4);
      end = writer.finish();
    }
    return end > 0 && end < 32'000 ? static_cast<int>(end / 128) : 255;
  };
  const int end = in_child(Announced::yes, write);
  ASSERT_GT(end, 0);
  ASSERT_LT(end, 255);

  const ArenaView view(file, 0, (end + 1) * 128);
  std::int64_t at = 0;
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(at % 64, 0);
    const auto& header = *reinterpret_cast<const BatchHeader*>(view.at(at));
    ASSERT_EQ(header.range, (Range{10 * i, 10 * i + 7}));
    ASSERT_EQ(header.kind, i % 5);
    ASSERT_EQ(header.parts, i % 4);
    const char* text = reinterpret_cast<const char*>(view.at(at)) + sizeof(BatchHeader);
    const char* const stop = text + header.bytes;
    for (int part = 0; part < header.parts; ++part) {
      ASSERT_EQ(text, word(i + part));
      text += std::strlen(text) + 1;
    }
    ASSERT_EQ(text, stop) << "the payload is as long as its parts";
    at = header.next;
  }
  EXPECT_EQ(at / 128, end);
}

TEST(Arena, IsReadFromAnyOffset) {
  const auto file = ArenaFile::create();
  ASSERT_EQ(in_child(Announced::yes,
                     [&] {
                       ArenaWriter writer(*file);
                       for (int i = 0; i < 500; ++i) {
                         writer.begin({i, i + 1}, 0);
                         std::memset(writer.reserve(100), i % 256, 100);
                         if (writer.finish() != 192 * (i + 1)) return 1;
                       }
                       return 0;
                     }),
            0);
  for (const int first : {0, 1, 21, 22, 100, 499}) {
    const ArenaView view(file, 192 * first, 192 * 500);
    const auto& header = *reinterpret_cast<const BatchHeader*>(view.at(192 * first));
    EXPECT_EQ(header.range.begin, first);
    EXPECT_EQ(std::to_integer<int>(*view.at(192 * first + 64)), first % 256);
  }
}

// What is large goes past the mapping, on both sides; neighbours within the same pages stay whole.
TEST(Arena, CarriesDataOfAnySize) {
  const std::vector<std::int64_t> sizes{0, 1, 63, 4095, 4096, 32767, 32768, 65537, 1'000'001};
  const auto datum = [](std::size_t i, std::int64_t bytes) {
    std::string text(static_cast<std::size_t>(bytes), 'x');
    for (std::size_t k = 0; k < text.size(); ++k) text[k] = static_cast<char>(k * 31 + i);
    return text;
  };
  const auto file = ArenaFile::create();
  ASSERT_EQ(in_child(Announced::yes,
                     [&] {
                       ArenaWriter writer(*file);
                       writer.begin({0, 1}, 0);
                       auto* table = reinterpret_cast<std::int64_t*>(
                           writer.reserve(8 * static_cast<std::int64_t>(2 * sizes.size())));
                       for (std::size_t i = 0; i < 2 * sizes.size(); ++i) {
                         const std::int64_t bytes = sizes[i % sizes.size()];
                         const std::string data = datum(i, bytes);
                         table[i] = writer.append(data.data(), bytes, i % 3 == 0 ? 1 : 4096);
                         if (i % 3 != 0 && table[i] % 4096 != 0) return 1;
                       }
                       return writer.finish() > 0 ? 0 : 1;
                     }),
            0);
  const ArenaView view(file, 0, 8'000'000);
  const auto* table = reinterpret_cast<const std::int64_t*>(view.at(sizeof(BatchHeader)));
  for (std::size_t i = 0; i < 2 * sizes.size(); ++i) {
    const std::int64_t bytes = sizes[i % sizes.size()];
    std::string copied(static_cast<std::size_t>(bytes), '?');
    view.copy(table[i], copied.data(), bytes);
    EXPECT_TRUE(copied == datum(i, bytes)) << bytes << " bytes, copied out";
    view.expect(table[i], bytes);
    EXPECT_EQ(std::memcmp(view.at(table[i]), copied.data(), copied.size()), 0)
        << bytes << " bytes, in place";
  }
}

TEST(Arena, AlignsToPagesOnBothSides) {
  const auto file = ArenaFile::create();
  const Range pages = write_pages(*file, 3);
  const ArenaView view(file, 64, pages.end);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view.at(pages.begin)) % kPageBytes, 0u);
  EXPECT_EQ(*view.at(pages.begin), std::byte{'w'});
  EXPECT_EQ(*view.at(pages.end - 1), std::byte{'w'});
}

TEST(Arena, AlignsWithinTheBatch) {
  const auto file = ArenaFile::create();
  const int wrong = in_child(Announced::yes, [&] {
    ArenaWriter writer(*file);
    writer.begin({0, 1}, 0);
    int bad = 0;
    for (const std::int64_t align : {1, 8, 16, 64, 4096, 8}) {
      (void)writer.reserve(3, 1);
      bad += writer.offset_of(writer.reserve(10, align)) % align != 0;
    }
    return bad;
  });
  EXPECT_EQ(wrong, 0);
}

TEST(Arena, ForgetsACancelledBatch) {
  const auto file = ArenaFile::create();
  const int rc = in_child(Announced::yes, [&] {
    ArenaWriter writer(*file);
    writer.begin({0, 1}, 0);
    (void)writer.reserve(1000);
    const auto first = writer.finish();
    writer.begin({1, 2}, 0);
    (void)writer.reserve(100'000);
    writer.cancel();
    writer.begin({1, 2}, 7);
    (void)writer.reserve(8);
    return writer.finish() == first + 64 ? 0 : 1;
  });
  EXPECT_EQ(rc, 0);
  const ArenaView view(file, 0, 4096);
  const auto& one = *reinterpret_cast<const BatchHeader*>(view.at(0));
  EXPECT_EQ(reinterpret_cast<const BatchHeader*>(view.at(one.next))->kind, 7);
}

TEST(Arena, RefusesWhatDoesNotFit) {
  const auto file = ArenaFile::create();
  const int rc = in_child(Announced::yes, [&] {
    ArenaWriter writer(*file);
    writer.begin({0, 1}, 0);
    for (const std::int64_t bytes : {std::int64_t{1} << 50, std::int64_t{-1}}) {
      try {
        (void)writer.reserve(bytes);
        return 1;
      } catch (const std::bad_alloc&) {
      }
    }
    (void)writer.reserve(8);  // and goes on
    return writer.finish() == 64 ? 0 : 2;
  });
  EXPECT_EQ(rc, 0);
}

// Under a limit the writer maps little, and moves on: batches of all sizes arrive nevertheless.
TEST(Arena, MovesAWindowWhereTheAddressSpaceIsLimited) {
  const auto file = ArenaFile::create();
  const std::vector<std::int64_t> sizes{100, 20 << 20, 8, 40 << 20, 10 << 20, 10 << 20, 10 << 20};
  const int rc = in_child(Announced::yes, [&] {
    rlimit limit{};
    getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = rlim_t{1} << 47;  // a limit, and room enough under any sanitizer
    setrlimit(RLIMIT_AS, &limit);
    ArenaWriter writer(*file);
    for (const std::int64_t bytes : sizes) {
      writer.begin({0, bytes}, 3);
      const std::int64_t first = writer.offset_of(writer.reserve(8));
      std::byte* place = writer.reserve(bytes, kPageBytes);
      std::memset(place, 'w', static_cast<std::size_t>(bytes));
      *reinterpret_cast<std::int64_t*>(writer.at(first)) = writer.offset_of(place);
      writer.set_parts(1);
      (void)writer.finish();
    }
    return 0;
  });
  ASSERT_EQ(rc, 0);
  std::int64_t at = 0;
  for (const std::int64_t bytes : sizes) {
    const BatchHeader header = file->header(at);
    EXPECT_EQ(header.range.end, bytes);
    EXPECT_EQ(header.parts, 1);
    const ArenaView view(file, at, header.next);
    const auto place =
        *reinterpret_cast<const std::int64_t*>(view.at(at + std::int64_t{sizeof(BatchHeader)}));
    EXPECT_EQ(*view.at(place), std::byte{'w'});
    EXPECT_EQ(*view.at(place + bytes - 1), std::byte{'w'});
    at = header.next;
  }
}

TEST(Arena, IsSparse) {
  const auto file = ArenaFile::create();
  EXPECT_EQ(blocks(*file), 0) << "64 GB of address space, and no memory";
  write_pages(*file, 4);
  EXPECT_LE(blocks(*file), 6 * kPageBytes);
}

TEST(Arena, LeavesNothingOpenInOtherPrograms) {
  const auto file = ArenaFile::create();
  EXPECT_NE(fcntl(file->fd(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(ArenaView, IsPrivate) {
  const auto file = ArenaFile::create();
  const Range pages = write_pages(*file, 2);
  const ArenaView view(file, 0, pages.end), other(file, 0, pages.end);
  *view.at(pages.begin) = std::byte{'x'};
  EXPECT_EQ(*other.at(pages.begin), std::byte{'w'});
  char byte = 0;
  ASSERT_EQ(pread(file->fd(), &byte, 1, pages.begin), 1);
  EXPECT_EQ(byte, 'w') << "a write must not reach the file";
  // A child that the user forks later writes into its own copy.
  in_child(Announced::no, [&] {
    *view.at(pages.begin + 1) = std::byte{'y'};
    return 0;
  });
  EXPECT_EQ(*view.at(pages.begin + 1), std::byte{'w'});
}

TEST(ArenaView, KeepsTheFileOpen) {
  auto file = ArenaFile::create();
  const Range pages = write_pages(*file, 1);
  const ArenaView view(std::move(file), 0, pages.end);
  EXPECT_EQ(*view.at(pages.begin), std::byte{'w'});
}

TEST(Discard, FreesWholePages) {
  const auto file = ArenaFile::create();
  const Range pages = write_pages(*file, 64);
  const ArenaView view(file, 0, pages.end);
  const std::int64_t before = blocks(*file);
  view.discard(pages.begin, 63 * kPageBytes);
  EXPECT_EQ(before - blocks(*file), 63 * kPageBytes);
  EXPECT_EQ(*view.at(pages.begin), std::byte{0});
  EXPECT_EQ(*view.at(pages.end - 1), std::byte{'w'}) << "the last page was not discarded";
}

TEST(Discard, KeepsPagesThatAreOnlyPartlyDiscarded) {
  const auto file = ArenaFile::create();
  const Range pages = write_pages(*file, 8);
  const ArenaView view(file, 0, pages.end);
  const std::int64_t before = blocks(*file);
  view.discard(pages.begin + 1, 2 * kPageBytes - 2);  // no whole page
  EXPECT_EQ(blocks(*file), before);
  view.discard(pages.begin + 1, 3 * kPageBytes);  // two whole pages between two parts
  EXPECT_EQ(before - blocks(*file), 2 * kPageBytes);
  EXPECT_EQ(*view.at(pages.begin + 5), std::byte{'w'});
  EXPECT_EQ(*view.at(pages.begin + 3 * kPageBytes), std::byte{'w'});
}

TEST(Discard, FreesWhatWasWrittenPrivately) {
  const auto file = ArenaFile::create();
  const Range pages = write_pages(*file, 2);
  const ArenaView view(file, 0, pages.end);
  *view.at(pages.begin) = std::byte{'x'};
  view.discard(pages.begin, kPageBytes);
  EXPECT_EQ(*view.at(pages.begin), std::byte{0}) << "the private copy is gone as well";
}

TEST(Discard, IsAllowedAfterOurOwnForks) {
  const auto file = ArenaFile::create();
  const Range pages = write_pages(*file, 8);
  const ArenaView view(file, 0, pages.end);
  in_child(Announced::yes, [] { return 0; });
  const std::int64_t before = blocks(*file);
  view.discard(pages.begin, 8 * kPageBytes);
  EXPECT_EQ(before - blocks(*file), 8 * kPageBytes);
}

TEST(Discard, DoesNothingAfterAStrangeFork) {
  const auto file = ArenaFile::create();
  const Range pages = write_pages(*file, 8);
  const ArenaView view(file, 0, pages.end);
  int gate[2];
  ASSERT_EQ(pipe(gate), 0);
  const pid_t stranger = fork();
  if (stranger == 0) {
    close(gate[1]);
    char byte = 0;
    (void)!read(gate[0], &byte, 1);  // until the parent has tried
    _exit(*view.at(pages.begin) == std::byte{'w'} ? 0 : 1);
  }
  const std::int64_t before = blocks(*file);
  view.discard(pages.begin, 8 * kPageBytes);
  EXPECT_EQ(blocks(*file), before);
  EXPECT_EQ(*view.at(pages.begin), std::byte{'w'});
  close(gate[0]);
  close(gate[1]);
  int status = -1;
  ASSERT_EQ(waitpid(stranger, &status, 0), stranger);
  EXPECT_EQ(status, 0) << "the stranger still reads what its parent had";
}

TEST(Discard, WorksAgainForViewsMadeAfterTheStrangeFork) {
  const auto file = ArenaFile::create();
  in_child(Announced::no, [] { return 0; });
  const Range pages = write_pages(*file, 8);
  const ArenaView view(file, 0, pages.end);
  const std::int64_t before = blocks(*file);
  view.discard(pages.begin, 8 * kPageBytes);
  EXPECT_EQ(before - blocks(*file), 8 * kPageBytes);
}

TEST(Discard, DoesNothingInAChild) {
  const auto file = ArenaFile::create();
  const Range pages = write_pages(*file, 8);
  const ArenaView view(file, 0, pages.end);
  const std::int64_t before = blocks(*file);
  for (const Announced announced : {Announced::yes, Announced::no}) {
    EXPECT_EQ(in_child(announced,
                       [&] {
                         view.discard(pages.begin, 8 * kPageBytes);
                         return *view.at(pages.begin) == std::byte{'w'} ? 0 : 1;
                       }),
              0);
  }
  EXPECT_EQ(blocks(*file), before) << "the parent's results";
  EXPECT_EQ(*view.at(pages.begin), std::byte{'w'});
}

}  // namespace
}  // namespace payoff::ipc
