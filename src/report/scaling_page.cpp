// src/report/scaling_page.cpp: lines and tables for a terminal, in its width, character set and ink
#include "report/scaling_page.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "report/units.hpp"
#include "text/format.hpp"

namespace payoff::report {
namespace {

std::string_view code_of(Weight weight) {
  switch (weight) {
    case Weight::strong:
      return "\033[1m";
    case Weight::faint:
      return "\033[2m";
    case Weight::warning:
      return "\033[33m";
    case Weight::normal:
      break;
  }
  return "";
}

std::string in_ascii(std::string_view words) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> plain{
      {{"×", "x"},
       {"–", "-"},
       {"…", "..."},
       {"≥", ">="},
       {"≤", "<="},
       {"µ", "u"},
       {"’", "'"},
       {"é", "e"},
       {"€", "EUR"},
       {"∞", "inf"}}};
  std::string ascii;
  while (!words.empty()) {
    const auto* const found = std::find_if(plain.begin(), plain.end(), [&](const auto& pair) {
      return words.starts_with(pair.first);
    });
    if (found != plain.end()) {
      ascii += found->second;
      words.remove_prefix(found->first.size());
      continue;
    }
    const auto byte = static_cast<unsigned char>(words.front());
    words.remove_prefix(1);
    if (byte < 0x80) ascii += static_cast<char>(byte);
    if (byte >= 0xC0) ascii += '?';  // one mark for each character
  }
  return ascii;
}

std::string blanks(int count) {
  return std::string(static_cast<std::size_t>(std::max(count, 0)), ' ');
}

}  // namespace

void Page::line(const std::string& words, Weight weight) {
  const std::string_view code = code_of(weight);
  const bool ink = terminal_.ink == Terminal::Ink::colours && !code.empty() && !words.empty();
  out_ += text::format("{}{}{}\n", ink ? code : "", shown(words), ink ? "\033[0m" : "");
}

// Before anything is measured: a character may become two.
std::string Page::shown(const std::string& words) const {
  return terminal_.charset == Terminal::Charset::ascii ? in_ascii(words) : words;
}

void Page::wrapped(const std::string& first, const std::string& sentence, Weight weight) {
  const std::string lead = shown(first), words = shown(sentence);
  const int room = std::max(terminal_.columns - width_of(lead), 10);
  std::string now = lead;
  int used = 0;
  for (std::size_t at = 0; at < words.size();) {
    std::size_t end = std::min(words.find(' ', at), words.size());
    if (words.compare(end, 2, " %") == 0) end = std::min(words.find(' ', end + 1), words.size());
    std::string_view word = std::string_view(words).substr(at, end - at);
    while (!word.empty()) {
      if (used > 0 && used + 1 + width_of(word) > room) {
        line(now, weight);
        now = blanks(width_of(lead));
        used = 0;
      }
      const std::string_view part = take(word, room);  // a longer word is cut
      if (used > 0) now += ' ', ++used;
      now += part;
      used += width_of(part);
      word.remove_prefix(part.size());
    }
    at = end + 1;
  }
  now.erase(now.find_last_not_of(' ') + 1);
  line(now, weight);
}

void Page::table(std::vector<std::vector<std::string>> cells, const std::vector<Weight>& weights) {
  for (auto& row : cells)
    for (std::string& cell : row) cell = shown(cell);
  std::vector<int> widths;
  for (const auto& row : cells) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (std::size_t r = 0; r < cells.size(); ++r) {
    std::string text;
    for (std::size_t i = 0; i + 1 < cells[r].size(); ++i) {
      const std::string pad = blanks(widths[i] - width_of(cells[r][i]));
      const bool left = i == 0 && cells[0][0].empty();  // names of rows
      if (widths[i] > 0) text += "  " + (left ? cells[r][i] + pad : pad + cells[r][i]);
    }
    wrapped(text + "  ", cells[r].back(), weights[r]);
  }
}

void Page::lines(const std::string& title, const std::vector<Line>& lines) {
  if (lines.empty()) return;
  gap();
  if (!title.empty()) line("  " + title, Weight::strong);
  int label = 0;
  for (const Line& one : lines) label = std::max(label, width_of(one.label));
  for (const Line& one : lines)
    wrapped("  " + one.label + blanks(label - width_of(one.label) + 2), one.sentence);
}

}  // namespace payoff::report
