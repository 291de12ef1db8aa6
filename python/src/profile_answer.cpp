// python/src/profile_answer.cpp: what payoff.profile() shows: files gathered, merged and rendered
#include "profile_answer.hpp"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <sys/stat.h>

#include <map>
#include <string>
#include <vector>

#include "profile/bad_profile.hpp"
#include "profile/merge.hpp"
#include "profile/profile_json.hpp"
#include "profile/run_directory.hpp"
#include "profile/session.hpp"
#include "profile/sources.hpp"
#include "report/profile.hpp"

namespace payoff::python {
namespace {

using profile::Profile;

bool is_on_disk(const std::string& file) {
  struct stat info {};
  return ::stat(file.c_str(), &info) == 0;
}

// Asks Python for the lines of what is no file: a cell of a notebook, say.
void attach_cells(Profile& merged, const nb::object& lines_of) {
  constexpr std::size_t most = 1000;
  std::map<std::uint32_t, nb::list> cells;
  for (const profile::Frame& frame : merged.frames) {
    if (frame.line < 1 || merged.sources.size() >= most) continue;
    auto cell = cells.find(frame.file);
    if (cell == cells.end()) {
      const std::string& name = merged.strings[frame.file];
      nb::list lines;
      if (!is_on_disk(name)) {
        const nb::object text = nb::steal(
            PyUnicode_DecodeUTF8(name.data(), static_cast<Py_ssize_t>(name.size()), "replace"));
        lines = nb::list(lines_of(text));
      }
      cell = cells.emplace(frame.file, lines).first;
    }
    const auto at = static_cast<std::size_t>(frame.line) - 1;
    if (at >= nb::len(cell->second)) continue;
    merged.sources.push_back({frame.file, frame.line,
                              nb::cast<std::string>(nb::str(cell->second[at].attr("rstrip")()))});
  }
}

std::string as_json(std::vector<Profile> profiles, const nb::object& lines_of) {
  Profile merged = profile::merge(std::move(profiles));
  attach_cells(merged, lines_of);
  profile::attach_sources(merged);
  return profile::to_json(merged);
}

// Everything that the processes of a block have written, as one profile in its file's format.
std::string gather(const nb::bytes& directory, const nb::object& lines_of) {
  profile::Gathered found = profile::gather(directory.c_str());
  const auto notes = profile::notes_on(found, {});
  if (!found.profiles.empty() && !found.profiles.front().processes.empty()) {
    auto& shown = found.profiles.front().processes.front().quality.notes;
    shown.insert(shown.end(), notes.begin(), notes.end());
  }
  return as_json(std::move(found.profiles), lines_of);
}

std::string merge(const std::vector<std::string>& texts, const nb::object& lines_of) {
  std::vector<Profile> profiles;
  for (const std::string& text : texts)
    if (!text.empty()) profiles.push_back(profile::read_json(text));
  return as_json(std::move(profiles), lines_of);
}

std::string text_of(const std::string& json) {
  return report::profile_text(profile::read_json(json), report::Terminal{.columns = 100});
}

std::string export_as(const std::string& json, const std::string& format) {
  const Profile read = profile::read_json(json);
  if (format == "speedscope") return report::profile_speedscope(read);
  if (format == "collapsed") return report::profile_collapsed(read);
  return report::profile_json(read);
}

}  // namespace

void bind_profile_answer(nb::module_& m) {
  m.def("profile_gather", &gather, nb::arg("directory"), nb::arg("lines_of"));
  m.def("profile_merge", &merge, nb::arg("profiles"), nb::arg("lines_of"));
  m.def("profile_text", &text_of, nb::arg("profile"));
  m.def("profile_export", &export_as, nb::arg("profile"), nb::arg("format"));
}

}  // namespace payoff::python
