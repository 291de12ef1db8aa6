// tests/fuzz/profile_fuzz.cpp: no file makes the readers of profiles crash, hang or return nonsense
//
// The first bytes choose the format. What is accepted is shown in every form, and payoff's own form
// of it must come back as it was.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "profile/import.hpp"
#include "profile/profile_json.hpp"
#include "profile/summary.hpp"
#include "report/profile.hpp"

namespace {

namespace profile = payoff::profile;
namespace report = payoff::report;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const profile::Profile& p) {
  const std::string file = profile::to_json(p);
  const std::string again = profile::to_json(profile::read_json(file));
  // Broken bytes are replaced once.
  require(profile::to_json(profile::read_json(again)) == again);
  const auto summary = profile::summarize(p, {.lines = 10, .columns = 30});
  require(std::isfinite(summary.whole) && summary.whole >= 0);
  for (const auto& line : summary.lines)
    require(line.share.low <= line.share.value && line.share.value <= line.share.high);
  (void)report::profile_text(p, {.columns = 80});
  (void)report::profile_json(p);
  (void)report::profile_speedscope(p);
  (void)report::profile_collapsed(p);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    check(profile::read_profile(text));
  } catch (const profile::BadProfile& bad) {
    // Both sentences are for people.
    require(!std::string_view(bad.what()).empty() && !bad.remedy.empty());
  }
  return 0;
}
