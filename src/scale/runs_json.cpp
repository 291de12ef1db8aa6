// src/scale/runs_json.cpp: one object a run; written after every run, so that nothing is lost
#include "scale/runs_json.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "text/format.hpp"

namespace payoff::scale {
namespace {

using json = nlohmann::ordered_json;

json known(const std::optional<double>& value) { return value ? json(*value) : json(); }

const char* name_of(End end) {
  switch (end) {
    case End::exited:
      return "exited";
    case End::signalled:
      return "signalled";
    case End::timed_out:
      return "timed out";
    case End::stopped:
      return "stopped";
    case End::not_started:
      return "not started";
  }
  return "?";
}

json object_of(const Run& run, Output output) {
  const Ended& ended = run.ended;
  json object = {{"n", run.workers},
                 {"time", ended.wall.count()},
                 {"round", run.round},
                 {"kind", scale::name_of(run.kind)},
                 {"placement", run.placement},
                 {"used", run.used},
                 {"spoilt", run.faults},
                 {"cpu", ended.cpu().count()},
                 {"user", ended.user.count()},
                 {"system", ended.system.count()},
                 {"max_rss", ended.max_rss},
                 {"involuntary_switches", ended.switches},
                 {"end", name_of(ended.end)},
                 {"exit", ended.code},
                 {"left_behind", ended.left_behind},
                 {"steal", known(run.noise.steal)},
                 {"others", known(run.noise.others)},
                 {"pressure", known(run.noise.pressure)},
                 {"throttled_periods", known(run.noise.throttled)},
                 {"throttled", run.noise.throttled_time.count()},
                 {"mhz", known(run.noise.mhz)},
                 {"spin", run.noise.spin.count()}};
  if (output == Output::hash) {
    object["output_bytes"] = ended.output_bytes;
    object["output_hash"] = text::format("{:016x}", ended.output_hash);
  }
  return object;
}

json machine_of(const machine::Cpus& cpus) {
  return {{"usable", cpus.usable},
          {"limited_by", cpus.limited_by},
          {"online", cpus.online},
          {"affinity", cpus.affinity},
          {"quota", cpus.quota > 0 ? json(cpus.quota) : json()},
          {"cores", cpus.cores},
          {"threads_per_core", cpus.threads_per_core}};
}

}  // namespace

std::string runs_json(const Measurement& measurement, const Plan& plan, const Command& command,
                      const machine::Cpus& cpus) {
  json variables = json::object();
  for (const auto& [name, value] : command.set_variables()) variables[name] = value;
  json runs = json::array(), serial = json::array();
  for (const Run& run : measurement.runs)
    (run.kind == Kind::serial ? serial : runs).push_back(object_of(run, plan.output));
  const json all = {{"schema", 1},
                    {"kind", "payoff-runs"},
                    {"command", command.template_words()},
                    {"variables", variables},
                    {"machine", machine_of(cpus)},
                    {"levels", plan.levels},
                    {"seed", plan.seed},
                    {"max_time", plan.max_time.count()},
                    {"rounds", measurement.rounds},
                    {"stopped_by", scale::name_of(measurement.stop)},
                    {"runs", runs},
                    {"serial_runs", serial}};
  return all.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

void save(const std::string& file, const std::string& text) {
  const auto fail = [](const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
  };
  struct stat info {};
  // A pipe or a device is no file to be replaced.
  const bool in_place = ::stat(file.c_str(), &info) == 0 && !S_ISREG(info.st_mode);
  const std::string beside = in_place ? file : text::format("{}.{}.part", file, ::getpid());
  const int out = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (out < 0) fail("open");
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = ::write(out, text.data() + done, text.size() - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      const int error = errno;
      ::close(out);
      if (!in_place) ::unlink(beside.c_str());
      errno = error;
      fail("write");
    }
    done += static_cast<std::size_t>(wrote);
  }
  ::close(out);
  if (!in_place && ::rename(beside.c_str(), file.c_str()) != 0) fail("rename");
}

std::string free_name(const std::string& wanted) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  if (!fs::exists(wanted, ignored)) return wanted;
  const fs::path path(wanted);
  for (int number = 2;; ++number) {
    fs::path next = path.parent_path() / path.stem();
    next += text::format("-{}", number);
    next += path.extension();
    if (!fs::exists(next, ignored)) return next.string();
  }
}

}  // namespace payoff::scale
