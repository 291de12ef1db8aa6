// tests/report/scaling_golden_test.cpp: two answers made by hand, compared with golden/scaling_*
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "report/golden.hpp"
#include "report/scaling_scene.hpp"
#include "report/units.hpp"

namespace payoff::report {
namespace {

std::string in_ascii() {
  return scaling_text(compressing(), {.columns = 60, .charset = Terminal::Charset::ascii});
}

class GoldenScaling : public testing::TestWithParam<Golden> {};

TEST_P(GoldenScaling, IsAsItWas) { is_as_it_was(GetParam().name, GetParam().render()); }

INSTANTIATE_TEST_SUITE_P(
    All, GoldenScaling,
    testing::Values(Golden{"scaling_plain.txt", [] { return scaling_text(compressing(), {}); }},
                    Golden{"scaling_priced.txt", [] { return scaling_text(priced(), {}); }},
                    Golden{"scaling_ascii.txt", in_ascii},
                    Golden{"scaling.json", [] { return scaling_json(priced()); }},
                    Golden{"scaling.csv", [] { return scaling_csv(priced()); }},
                    Golden{"scaling.svg", [] { return scaling_svg(compressing()); }},
                    Golden{"scaling.html", [] { return scaling_html(priced()); }}),
    [](const auto& param) {
      std::string name = param.param.name;
      for (char& c : name)
        if (c == '.') c = '_';
      return name;
    });

class AnyScaling : public testing::TestWithParam<Scaling (*)()> {};

Scaling nothing() { return {}; }

TEST_P(AnyScaling, TextKeepsToTheTerminal) {
  for (const int columns : {40, 80, 120}) {
    for (const auto charset : {Terminal::Charset::unicode, Terminal::Charset::ascii}) {
      const std::string text = scaling_text(GetParam()(), {.columns = columns, .charset = charset});
      std::istringstream lines(text);
      for (std::string line; std::getline(lines, line);) {
        // A table's numbers are not broken: only what is narrower than they are is a promise.
        if (columns >= 80) {
          EXPECT_LE(width_of(line), columns) << line;
        }
        EXPECT_EQ(line.find('\x1b'), std::string::npos) << line;
        EXPECT_FALSE(line.ends_with(' ')) << "ends in a blank: " << line;
        if (charset == Terminal::Charset::ascii) {
          EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) { return c >= ' '; }))
              << line;
        }
      }
    }
  }
}

TEST_P(AnyScaling, ColoursAreOnlyColours) {
  const Scaling s = GetParam()();
  const std::string plain = scaling_text(s, {});
  std::string inked = scaling_text(s, {.ink = Terminal::Ink::colours});
  EXPECT_NE(inked, plain);
  for (std::size_t at; (at = inked.find("\033[")) != std::string::npos;)
    inked.erase(at, inked.find('m', at) - at + 1);
  EXPECT_EQ(inked, plain);
}

TEST_P(AnyScaling, JsonIsJsonWithTheKeysOfTheContract) {
  const auto json = nlohmann::json::parse(scaling_json(GetParam()()));
  EXPECT_EQ(json.at("schema"), 1);
  EXPECT_TRUE(json.at("law").is_string());
  for (const char* key : {"s", "u", "p", "c", "sigma", "kappa", "gamma"}) {
    EXPECT_TRUE(json.at("coefficients").contains(key)) << key;
    EXPECT_TRUE(json.at("intervals").at(key).contains("on_bound")) << key;
  }
  for (const auto& finding : json.at("findings")) {
    EXPECT_EQ(finding.size(), 3U);
    for (const char* key : {"code", "text", "try"}) EXPECT_TRUE(finding.at(key).is_string());
  }
  EXPECT_TRUE(json.at("predictions").is_array());
}

TEST_P(AnyScaling, MarkupIsSafeAndSelfContained) {
  for (const std::string& page : {scaling_svg(GetParam()()), scaling_html(GetParam()())}) {
    for (const char* word :
         {"<script", "<img", "http:", "https:", "@import", "</title><b>", "\x1b", "\x07"}) {
      const auto at = page.find(word);
      const bool is_namespace =
          at != std::string::npos && page.compare(at, 26, "http://www.w3.org/2000/svg") == 0;
      EXPECT_TRUE(at == std::string::npos || is_namespace) << word;
    }
    const auto picture = page.find("<svg");
    if (picture == std::string::npos) continue;
    const std::string svg = page.substr(picture, page.find("</svg>") - picture);
    EXPECT_EQ(svg.find("nan"), std::string::npos);
    EXPECT_EQ(svg.find("inf"), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(All, AnyScaling, testing::Values(compressing, priced, hostile, nothing));

TEST(ScalingJson, ABoundHasNoNumberButTheBound) {
  const auto json = nlohmann::json::parse(scaling_json(compressing()));
  const auto& near = json.at("predictions").at(0);
  EXPECT_EQ(near.at("n"), 16);
  EXPECT_EQ(near.at("time"), 2.33);
  EXPECT_FALSE(near.at("bound"));
  const auto& far = json.at("predictions").at(1);
  EXPECT_TRUE(far.at("bound"));
  for (const char* key : {"time", "high", "speedup", "speedup_low"})
    EXPECT_TRUE(far.at(key).is_null()) << key;
  EXPECT_EQ(far.at("low"), 1.4);
  EXPECT_EQ(far.at("speedup_high"), 11.8);
}

}  // namespace
}  // namespace payoff::report
