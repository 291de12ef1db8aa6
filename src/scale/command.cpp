// src/scale/command.cpp: {n} in words and variables, the program on the PATH, and inner threads
#include "scale/command.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "report/shell.hpp"
#include "scale/refused.hpp"
#include "text/format.hpp"

namespace payoff::scale {
namespace {

constexpr std::string_view place = "{n}";

bool depends_on_n(const std::string& text) { return text.find(place) != std::string::npos; }

const std::string* value_of(const std::vector<Variable>& variables, std::string_view name) {
  for (const auto& variable : variables)
    if (variable.first == name) return &variable.second;
  return nullptr;
}

bool is_name(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
         std::all_of(text.begin(), text.end(), fits);
}

Variable carrier_of(const std::string& typed) {
  const std::size_t equals = typed.find('=');
  Variable carrier{typed.substr(0, equals), std::string(place)};
  if (equals != std::string::npos) carrier.second = typed.substr(equals + 1);
  if (!is_name(carrier.first))
    throw Refused(text::format("--env: '{}' is no name of a variable", carrier.first),
                  "for example --env OMP_NUM_THREADS or --env 'MAKEFLAGS=-j{n}'");
  if (!depends_on_n(carrier.second))
    throw Refused(
        text::format("--env: there is no {{n}} in '{}'", typed),
        text::format("--env {0} or --env '{0}=… {{n}} …'; what is the same for every n can "
                     "be set in the shell",
                     carrier.first));
  return carrier;
}

enum class Found { yes, no, not_a_program };

Found look_at(const std::string& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return Found::no;
  if (!S_ISREG(info.st_mode) || ::access(file.c_str(), X_OK) != 0) return Found::not_a_program;
  return Found::yes;
}

}  // namespace

std::string find_program(const std::string& name, const std::vector<Variable>& environment) {
  Found found = Found::no;
  if (name.find('/') != std::string::npos) {
    found = look_at(name);
    if (found == Found::yes) return name;
  } else if (!name.empty()) {
    const std::string* path = value_of(environment, "PATH");
    const std::string folders = path != nullptr ? *path : "/bin:/usr/bin";
    for (std::size_t at = 0; at <= folders.size();) {
      const std::size_t colon = std::min(folders.find(':', at), folders.size());
      const std::string folder = folders.substr(at, colon - at);
      at = colon + 1;
      std::string file = (folder.empty() ? "." : folder) + "/" + name;
      const Found here = look_at(file);
      if (here == Found::yes) return file;
      if (here == Found::not_a_program) found = here;
    }
  }
  if (found == Found::not_a_program)
    throw Refused(
        text::format("'{}' is there, but is no program that may be run", name),
        text::format("chmod +x, or name the program that reads it: sh {}", report::quoted(name)));
  const bool local = name.find('/') == std::string::npos && look_at("./" + name) == Found::yes;
  throw Refused(text::format("there is no program '{}'", name),
                local ? text::format("./{}", name)
                      : std::string("the spelling, or its full path; `type NAME` in a shell says "
                                    "where it is, or that it is a shell's own word"));
}

const std::vector<std::string>& thread_variables() {
  static const std::vector<std::string> names{
      "OMP_NUM_THREADS",   "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
      "BLIS_NUM_THREADS",  "NUMEXPR_NUM_THREADS",  "NUMBA_NUM_THREADS",
      "RAYON_NUM_THREADS", "POLARS_MAX_THREADS",   "JULIA_NUM_THREADS"};
  return names;
}

std::vector<Variable> held_at_one(const std::vector<std::string>& carriers,
                                  const std::vector<Variable>& environment) {
  const auto carried = [&](std::string_view name) {
    return std::find(carriers.begin(), carriers.end(), name) != carriers.end();
  };
  // All of them run on OpenMP in one build or another.
  const std::vector<std::string> on_openmp{"OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
                                           "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS"};
  const bool steers_openmp = std::any_of(on_openmp.begin(), on_openmp.end(), carried);
  std::vector<Variable> held;
  if (carriers.empty()) return held;
  for (const std::string& name : thread_variables()) {
    if (carried(name) || value_of(environment, name) != nullptr) continue;
    const bool follows = std::find(on_openmp.begin(), on_openmp.end(), name) != on_openmp.end();
    if (follows && carried("OMP_NUM_THREADS")) continue;
    if (name == "OMP_NUM_THREADS" && steers_openmp) continue;
    held.emplace_back(name, "1");
  }
  return held;
}

Command::Command(std::vector<std::string> words, const std::vector<std::string>& carriers,
                 std::vector<Variable> environment)
    : typed_(std::move(words)), environment_(std::move(environment)) {
  if (typed_.empty())
    throw Refused("there is no command to measure",
                  "payoff scale -- CMD … {n} …, for example: payoff scale -- xz -T{n} -k -c FILE");
  std::vector<std::string> names;
  for (const std::string& typed : carriers) {
    set_.push_back(carrier_of(typed));
    names.push_back(set_.back().first);
  }
  if (set_.empty() && std::none_of(typed_.begin(), typed_.end(), depends_on_n))
    throw Refused(
        "nothing in the command depends on the number of workers",
        "{n} in its place, for example -j{n}, or --env NAME for a variable that carries it");
  for (Variable& held : held_at_one(names, environment_)) set_.push_back(std::move(held));

  find();
}

Command Command::fixed(const std::string& line, std::vector<Variable> environment) {
  Command command;
  command.typed_ = {line};
  command.environment_ = std::move(environment);
  command.find();
  return command;
}

void Command::find() {
  words_ = typed_;
  const bool shell_line =
      typed_.size() == 1 && typed_[0].find_first_of(" \t\n") != std::string::npos;
  if (shell_line && look_at(typed_[0]) == Found::no) words_ = {"sh", "-c", typed_[0]};
  if (!depends_on_n(words_[0])) (void)file(1);  // what is missing is told before anything is run
}

std::string Command::file(int n) const { return find_program(with_n(words_[0], n), environment_); }

std::vector<std::string> Command::words(int n) const {
  std::vector<std::string> words;
  for (const std::string& word : words_) words.push_back(with_n(word, n));
  return words;
}

std::vector<std::string> Command::environment(int n) const {
  std::vector<std::string> all;
  for (const auto& [name, value] : environment_)
    if (value_of(set_, name) == nullptr) all.push_back(text::format("{}={}", name, value));
  for (const auto& [name, value] : set_)
    all.push_back(text::format("{}={}", name, with_n(value, n)));
  return all;
}

std::string Command::line(int n) const {
  std::string line;
  for (const auto& [name, value] : set_)
    line += text::format("{}={} ", name, report::quoted(with_n(value, n)));
  const bool shell_line = typed_.size() == 1 && words_.size() > 1;
  if (shell_line && typed_[0].find('\n') == std::string::npos) return line + with_n(typed_[0], n);
  for (const std::string& word : words(n)) line += report::quoted(word) + " ";
  line.pop_back();
  return line;
}

std::string Command::title() const {
  std::string title;
  for (const auto& [name, value] : set_)
    if (depends_on_n(value)) title += text::format("{}={} ", name, value);
  for (const std::string& word : typed_)
    title += text::format("{} ", typed_.size() > 1 ? report::quoted(word) : word);
  title.pop_back();
  return title;
}

std::vector<Variable> own_environment() {
  std::vector<Variable> variables;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    const char* equals = std::strchr(*entry, '=');
    if (equals != nullptr)
      variables.emplace_back(std::string_view(*entry, static_cast<std::size_t>(equals - *entry)),
                             equals + 1);
  }
  return variables;
}

std::string with_n(std::string text, int n) {
  const std::string number = std::to_string(n);
  for (std::size_t at = 0; (at = text.find(place, at)) != std::string::npos; at += number.size())
    text.replace(at, place.size(), number);
  return text;
}

}  // namespace payoff::scale
