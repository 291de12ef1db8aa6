// src/report/markup.cpp: foreign words in HTML and SVG
#include "report/markup.hpp"

#include "report/units.hpp"

namespace payoff::report {

std::string escape(std::string_view raw) {
  std::string out;
  for (const char c : one_line(raw)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace payoff::report
