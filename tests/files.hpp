// tests/files.hpp: where the files of tests/ are: data, golden answers, seeds
#pragma once

#include <filesystem>

[[nodiscard]] std::filesystem::path in_tests(const std::filesystem::path& name);
