// src/profile/import.hpp: profiles that others have recorded, and payoff's own, from a file
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "profile/bad_profile.hpp"
#include "profile/profile.hpp"

namespace payoff::profile {

enum class Format {
  payoff,      // what `payoff profile -o` writes
  speedscope,  // py-spy -f speedscope, pyinstrument -r speedscope, Tachyon's converters …
  collapsed,   // py-spy -f raw, austin, stackcollapse-*.pl, profiling.sampling --collapsed
  perf,        // perf script
  pstats,      // cProfile, profile, pyinstrument -r pstats
};
// "payoff", "speedscope", …: the names of the option --from.
[[nodiscard]] std::string_view name(Format format);
[[nodiscard]] std::optional<Format> format_called(std::string_view name);

// By the first bytes.
[[nodiscard]] Format format_of(std::string_view text);

// Merged and ready to be shown. Throws BadProfile. Any text is safe to read. What the format does
// not say is in the notes of the profile's quality.
[[nodiscard]] Profile read_profile(std::string_view text, std::optional<Format> format = {});

// The text of a file, or of stdin for "-", no more than 256 MiB of it. Throws BadProfile.
[[nodiscard]] std::string text_of_file(const std::string& path);

}  // namespace payoff::profile
