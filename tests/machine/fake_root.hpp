// tests/machine/fake_root.hpp: a folder that looks like "/" to src/machine, gone after the test
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace payoff::machine {

class FakeRoot {
 public:
  FakeRoot() {
    std::string name = (std::filesystem::temp_directory_path() / "payoff_root_XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder: " + name);
    folder_ = name;
  }
  ~FakeRoot() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  FakeRoot(const FakeRoot&) = delete;
  FakeRoot& operator=(const FakeRoot&) = delete;

  // Writes one file, `path` without leading slash; returns *this so that a tree reads as a list.
  FakeRoot& file(const std::string& path, const std::string& content) {
    const auto full = folder_ / path;
    std::filesystem::create_directories(full.parent_path());
    std::ofstream(full) << content;
    return *this;
  }

  [[nodiscard]] const std::filesystem::path& path() const { return folder_; }
  [[nodiscard]] std::string at(const std::string& below) const {
    return (folder_ / below).string();
  }

 private:
  std::filesystem::path folder_;
};

}  // namespace payoff::machine
