// tests/fuzz/tables_fuzz.cpp: no text makes the readers crash, hang or return nonsense
//
// The first byte chooses the options; the rest is the file. What the readers accept must be fit for
// laws::fit: workers and times above zero and finite.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tables/numbers.hpp"
#include "tables/table.hpp"

namespace {

namespace tables = payoff::tables;

bool sound(double value) { return std::isfinite(value) && value > 0; }

void check(const tables::Table& table) {
  if (table.samples.empty()) std::abort();
  for (const payoff::laws::Sample& sample : table.samples) {
    if (!sound(sample.workers) || !sound(sample.time.count())) std::abort();
    if (sample.cpu && !sound(sample.cpu->count())) std::abort();
    if (sample.spread && !sound(sample.spread->count())) std::abort();
    if (sample.round < 0) std::abort();
  }
}

tables::Query query_of(std::uint8_t choice) {
  tables::Query query;
  if (choice & 1U) query.n = "n";
  if (choice & 2U) query.time = "time_ms";
  if (choice & 4U) query.throughput = "x";
  if (choice & 8U) query.where = {"kernel=a"};
  return query;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at <= text.size() && words.size() < 100;) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    words.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    if (data[0] & 64U) {
      check(tables::read_pairs(words_of(text)));
    } else {
      check(tables::read(text, "fuzz", query_of(data[0])));
    }
  } catch (const tables::BadTable& bad) {
    // Both sentences are for people.
    if (std::string_view(bad.what()).empty() || bad.remedy.empty()) std::abort();
  }
  return 0;
}
