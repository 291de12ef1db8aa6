// tests/fuzz/calibration_fuzz.cpp: no cache file makes the reader crash, hang or believe nonsense
//
// The text is read as it is, and once more put in place of the figures of a good file: so that the
// fuzzer need not find out the layout first.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "machine/calibration.hpp"

namespace {

namespace machine = payoff::machine;

const machine::CalibrationKey key{"m", "b", "0"};

void check(std::string_view text) {
  const auto read = machine::calibration_from_json(text, key);
  if (!read) return;
  if (!machine::plausible(*read)) std::abort();
  for (const auto which : {machine::Of::median, machine::Of::cautious})
    for (const auto& line : {machine::fork_call(*read, which), machine::fork_end(*read, which)})
      if (line && !(line->fixed >= 0 && line->per_byte >= 0)) std::abort();
  if (machine::copying_saturates_at(*read) < 0) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  machine::Calibration some;
  some.wake = {7, 7, 7, 7};
  some.forks = {{8, some.wake, some.wake}, {9, some.wake, {}}};
  some.copies = {{1, some.wake}};
  std::string good = machine::calibration_to_json(some, key);
  for (std::size_t at = good.find("7.0"); at != std::string::npos; at = good.find("7.0", at)) {
    good.replace(at, 3, text);
    at += text.size();
  }
  check(good);
  return 0;
}
