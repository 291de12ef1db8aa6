// src/machine/calibration_cache.cpp: where calibrations are kept, and for which machine and boot
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "machine/calibration.hpp"
#include "machine/quota.hpp"
#include "machine/topology.hpp"

namespace payoff::machine {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostBytes = std::size_t{64} << 10;

std::string one_line_of(const fs::path& file) {
  std::string text = read_small_file(file).value_or("");
  text.resize(std::min(text.find('\n'), text.size()));
  return text.size() <= 256 ? text : std::string();
}

std::string cpu_model(const fs::path& root) {
  const std::string text = read_small_file(root / "proc/cpuinfo").value_or("");
  const auto at = text.find("model name");
  const auto colon = at == std::string::npos ? at : text.find(':', at);
  if (colon == std::string::npos) return "unknown";
  return text.substr(colon + 1, text.find('\n', colon) - colon - 1).substr(0, 256);
}

std::string list_of(const std::vector<int>& cpus) {
  std::string text;
  for (std::size_t i = 0; i < cpus.size();) {
    std::size_t last = i;
    while (last + 1 < cpus.size() && cpus[last + 1] == cpus[last] + 1) ++last;
    if (!text.empty()) text += ',';
    text += std::to_string(cpus[i]);
    if (last > i) text += '-' + std::to_string(cpus[last]);
    i = last + 1;
  }
  return text;
}

// FNV-1a: a short name, no secret.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

CalibrationKey calibration_key(const fs::path& root) {
  CalibrationKey key;
  key.machine = one_line_of(root / "etc/machine-id");
  if (key.machine.empty()) key.machine = cpu_model(root);
  key.boot = one_line_of(root / "proc/sys/kernel/random/boot_id");
  key.cpus = list_of(affinity_cpus());
  return key;
}

fs::path calibration_file(const CalibrationKey& key) {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  fs::path folder;
  if (cache != nullptr && *cache == '/')  // the standard: a relative path is to be ignored
    folder = cache;
  else if (home != nullptr && *home == '/')
    folder = fs::path(home) / ".cache";
  else
    return {};
  std::array<char, 48> name{};
  std::snprintf(name.data(), name.size(), "calibration-%016llx.json",
                static_cast<unsigned long long>(hash_of(key.machine + '\n' + key.cpus)));
  return folder / "payoff" / name.data();
}

std::optional<Calibration> read_calibration(const fs::path& path, const CalibrationKey& key) {
  // No blocking on a FIFO, no following of a link, nobody else's file.
  if (path.empty() || key.boot.empty()) return std::nullopt;
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  struct stat facts {};
  if (file.fd() < 0 || ::fstat(file.fd(), &facts) != 0) return std::nullopt;
  if (!S_ISREG(facts.st_mode) || facts.st_uid != ::geteuid() || (facts.st_mode & S_IWOTH) != 0 ||
      facts.st_size <= 0 || facts.st_size > static_cast<off_t>(kMostBytes))
    return std::nullopt;
  std::string text(static_cast<std::size_t>(facts.st_size), '\0');
  const ssize_t got = ::read(file.fd(), text.data(), text.size());
  if (got != facts.st_size) return std::nullopt;
  return calibration_from_json(text, key);
}

std::optional<std::string> write_calibration(const fs::path& path, const CalibrationKey& key,
                                             const Calibration& calibration) {
  if (path.empty()) return "there is no cache folder: neither XDG_CACHE_HOME nor HOME is set";
  if (key.boot.empty()) return "the kernel does not tell one boot from another";
  std::error_code failed;
  fs::create_directories(path.parent_path(), failed);
  if (failed) return path.parent_path().string() + ": " + failed.message();
  std::string draft = path.string() + ".XXXXXX";
  const File file(::mkostemp(draft.data(), O_CLOEXEC));
  if (file.fd() < 0) return path.parent_path().string() + ": " + std::strerror(errno);
  if (write_all(file.fd(), calibration_to_json(calibration, key)) &&
      ::rename(draft.c_str(), path.c_str()) == 0)
    return std::nullopt;
  const std::string why = std::strerror(errno);
  ::unlink(draft.c_str());
  return path.string() + ": " + why;
}

}  // namespace payoff::machine
