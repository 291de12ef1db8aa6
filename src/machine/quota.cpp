// src/machine/quota.cpp: cgroup v1 and v2 limits, found as the kernel tells it, never by guessing
// paths
#include "machine/quota.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>

namespace payoff::machine {
namespace {

namespace fs = std::filesystem;

// v1 writes "no limit" as the largest multiple of a page below 2^63; nobody has an exbibyte.
constexpr std::int64_t unlimited_bytes = std::int64_t{1} << 60;

// Cuts and returns what stands before `separator`; the rest stays in `text`.
std::string_view cut(std::string_view& text, char separator) {
  const auto end = text.find(separator);
  const auto head = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return head;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::int64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end) return std::nullopt;
  return value;
}

std::optional<std::int64_t> number_in(const fs::path& file) {
  const auto text = read_small_file(file);
  return text ? whole_number(*text) : std::nullopt;
}

bool lists(std::string_view comma_separated, std::string_view name) {
  while (!comma_separated.empty())
    if (cut(comma_separated, ',') == name) return true;
  return false;
}

std::string_view name_of(Controller controller) {
  return controller == Controller::cpu ? "cpu" : "memory";
}

// The paths of the own group as /proc/self/cgroup shows them.
struct OwnGroups {
  std::optional<std::string> v1, v2;
};

OwnGroups own_groups(const fs::path& root, Controller controller) {
  OwnGroups own;
  const auto text = read_small_file(root / "proc/self/cgroup");
  if (!text) return own;
  std::string_view rest = *text;
  while (!rest.empty()) {
    std::string_view line = cut(rest, '\n');  // "4:memory,cpu:/a/b"; v2 is "0::/a/b"
    const auto id = cut(line, ':');
    const auto controllers = cut(line, ':');
    if (line.empty() || line.front() != '/') continue;
    if (id == "0" && controllers.empty()) {
      own.v2 = line;
    } else if (lists(controllers, name_of(controller))) {
      own.v1 = line;
    }
  }
  return own;
}

// mountinfo writes space, tab, newline and backslash as \040 and so on.
std::string unescaped(std::string_view text) {
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && octal(text[i + 1]) && octal(text[i + 2]) &&
        octal(text[i + 3])) {
      const int code = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
      out += static_cast<char>(code);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

struct Mount {
  std::string group;  // the group that is mounted, "/" for the whole hierarchy
  std::string point;
  std::string type;     // "cgroup" (v1) or "cgroup2"
  std::string options;  // of the file system; for v1 they name the controllers
};

// A line: id parent major:minor root mount-point options [optional ...] - type source super-options
std::optional<Mount> cgroup_mount(std::string_view line) {
  const auto dash = line.find(" - ");
  if (dash == std::string_view::npos) return std::nullopt;
  std::string_view tail = line.substr(dash + 3);
  std::string_view head = line.substr(0, dash);
  const auto type = cut(tail, ' ');
  if (type != "cgroup" && type != "cgroup2") return std::nullopt;
  cut(tail, ' ');
  for (int skipped = 0; skipped < 3; ++skipped) cut(head, ' ');
  Mount mount{unescaped(cut(head, ' ')), unescaped(cut(head, ' ')), std::string(type),
              std::string(tail)};
  if (mount.group.empty() || mount.group[0] != '/') return std::nullopt;
  if (mount.point.empty() || mount.point[0] != '/') return std::nullopt;
  return mount;
}

// `own` as seen from the mounted group, without leading slash ("" = the mounted group itself);
// nullopt when the mount does not show it.
std::optional<std::string> below(const std::string& own, const std::string& mounted) {
  const std::string prefix = mounted == "/" ? std::string() : mounted;
  if (own.compare(0, prefix.size(), prefix) != 0) return std::nullopt;
  std::string rest = own.substr(prefix.size());
  if (rest.empty()) return rest;
  if (rest[0] != '/') return std::nullopt;
  if ((rest + "/").find("/../") != std::string::npos) return std::nullopt;
  return rest.substr(1);
}

void add_chain(std::vector<fs::path>& chain, const fs::path& point, std::string relative) {
  while (!relative.empty()) {
    chain.push_back(point / relative);
    const auto slash = relative.rfind('/');
    relative.resize(slash == std::string::npos ? 0 : slash);
  }
  chain.push_back(point);
}

// Quota over period; 0 or less when there is no quota (v1 says -1).
double cpus_of(std::optional<std::int64_t> quota_us, std::optional<std::int64_t> period_us) {
  if (!quota_us || !period_us || *period_us <= 0) return 0;
  return static_cast<double>(*quota_us) / static_cast<double>(*period_us);
}

double cpus_v2(const fs::path& file) {
  const auto text = read_small_file(file);  // "150000 100000" or "max 100000"
  if (!text) return 0;
  std::string_view rest = *text;
  const auto quota = whole_number(cut(rest, ' '));
  return cpus_of(quota, rest.empty() ? std::int64_t{100000} : whole_number(rest));
}

double cpus_v1(const fs::path& file) {
  const auto quota = number_in(file);
  if (!quota || *quota <= 0) return 0;  // nearly always, and one file less to read
  return cpus_of(quota, number_in(file.parent_path() / "cpu.cfs_period_us"));
}

// Bytes of the `key` line of a memory.stat; 0 when there is none.
std::int64_t stat_bytes(const fs::path& file, std::string_view key) {
  const auto text = read_small_file(file);
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    std::string_view line = cut(rest, '\n');
    if (cut(line, ' ') == key) return whole_number(line).value_or(0);
  }
  return 0;
}

struct MemoryFiles {
  const char* limit;
  const char* used;
  const char* droppable;
};

constexpr MemoryFiles memory_files[] = {
    {"memory.max", "memory.current", "inactive_file"},
    {"memory.high", "memory.current", "inactive_file"},
    {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"},
};

}  // namespace

std::optional<std::string> read_small_file(const fs::path& file) {
  constexpr std::size_t most = std::size_t{4} << 20;
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::string text(4096, '\0');
  std::size_t size = 0;
  while (size < most) {
    if (size == text.size()) text.resize(text.size() * 2);
    const ssize_t got = ::read(fd, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      ::close(fd);
      return std::nullopt;
    }
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  ::close(fd);
  text.resize(size);
  return text;
}

std::vector<fs::path> group_chain(const fs::path& root, Controller controller) {
  const OwnGroups own = own_groups(root, controller);
  std::vector<fs::path> shown, hidden;
  const auto text = read_small_file(root / "proc/self/mountinfo");
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  while (!rest.empty()) {
    const auto mount = cgroup_mount(cut(rest, '\n'));
    if (!mount) continue;
    const bool v2 = mount->type == "cgroup2";
    if (!v2 && !lists(mount->options, name_of(controller))) continue;
    const auto& path = v2 ? own.v2 : own.v1;
    if (!path) continue;
    const fs::path point = root / fs::path(mount->point).relative_path();
    if (const auto relative = below(*path, mount->group)) {
      add_chain(shown, point, *relative);
    } else {
      hidden.push_back(point);
    }
  }
  // A mount that cannot show our group is most often still our container's: better than no limit,
  // but only when no mount shows the truth.
  return shown.empty() ? hidden : shown;
}

CpuQuota cpu_quota(const fs::path& root) {
  CpuQuota least;
  const auto consider = [&least](double cpus, const fs::path& file) {
    if (cpus > 0 && (least.cpus == 0 || cpus < least.cpus)) least = {cpus, file.string()};
  };
  for (const auto& group : group_chain(root, Controller::cpu)) {
    const fs::path v2 = group / "cpu.max";
    const fs::path v1 = group / "cpu.cfs_quota_us";
    consider(cpus_v2(v2), v2);
    consider(cpus_v1(v1), v1);
  }
  return least;
}

std::optional<MemoryQuota> memory_quota(const fs::path& root) {
  std::optional<MemoryQuota> least;
  for (const auto& group : group_chain(root, Controller::memory)) {
    for (const auto& files : memory_files) {
      const auto limit = number_in(group / files.limit);
      if (!limit || *limit < 0 || *limit >= unlimited_bytes) continue;
      const auto in_use = std::max<std::int64_t>(0, number_in(group / files.used).value_or(0));
      const auto droppable = stat_bytes(group / "memory.stat", files.droppable);
      const auto used = in_use - std::clamp<std::int64_t>(droppable, 0, in_use);
      const auto headroom = std::max<std::int64_t>(0, *limit - used);
      if (!least || headroom < least->headroom)
        least = MemoryQuota{*limit, used, headroom, (group / files.limit).string()};
    }
  }
  return least;
}

}  // namespace payoff::machine
