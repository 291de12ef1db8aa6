// tests/laws/data.hpp: published measurements from tests/data as samples, and made-up ones
#pragma once

#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "files.hpp"
#include "laws/random.hpp"
#include "payoff/laws.hpp"

namespace payoff::laws {

using Row = std::map<std::string, std::string>;

inline std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> all;
  std::stringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) all.push_back(cell);
  return all;
}

// Lines that begin with # say where the figures come from.
inline std::vector<Row> rows(const std::string& name) {
  std::ifstream file(in_tests("data") / (name + ".csv"));
  if (!file) throw std::runtime_error("tests/data/" + name + ".csv is missing");
  std::vector<std::string> header;
  std::vector<Row> all;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    const auto values = cells(line);
    if (header.empty()) {
      header = values;
      continue;
    }
    Row row;
    for (std::size_t i = 0; i < header.size() && i < values.size(); ++i) row[header[i]] = values[i];
    all.push_back(row);
  }
  return all;
}

// Of one curve, where a file has several. A throughput X is a time 1/X.
inline std::vector<Sample> samples(const std::string& name, const std::string& curve = "") {
  std::vector<Sample> all;
  for (Row& row : rows(name)) {
    if (row["curve"] != curve) continue;
    Sample s;
    s.workers = std::stod(row["n"]);
    s.placement = row["placement"];
    if (!row["time"].empty()) {
      s.time = seconds(std::stod(row["time"]));
    } else {
      const double x = std::stod(row["throughput"]);
      s.time = seconds(1 / x);
      if (!row["sd"].empty()) s.spread = seconds(std::stod(row["sd"]) / (x * x));
    }
    if (!row["cpu"].empty()) s.cpu = seconds(std::stod(row["cpu"]));
    all.push_back(s);
  }
  return all;
}

inline std::vector<Sample> first(std::vector<Sample> all, std::size_t n) {
  all.resize(n);
  return all;
}

inline Sample sample(double workers, double time) {
  return {.workers = workers, .time = seconds(time)};
}

// Runs of a known law with relative normal noise, `repeats` rounds of all N.
inline std::vector<Sample> simulate(const Law& law, const std::vector<double>& workers, int repeats,
                                    double noise, Random& random) {
  std::vector<Sample> all;
  for (int round = 1; round <= repeats; ++round)
    for (const double n : workers)
      all.push_back({.workers = n,
                     .time = law.at(n) * std::max(0.05, 1 + noise * random.normal()),
                     .round = repeats > 1 ? round : 0});
  return all;
}

inline Law law(double s, double u, double p, double c) {
  return {seconds(s), seconds(u), seconds(p), seconds(c)};
}

}  // namespace payoff::laws
