// tests/report/html_test.cpp: the notebook form is well-formed, safe and complete
#include "report/html.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "report/text.hpp"

namespace payoff::report {
namespace {

Receipt forked() {
  Receipt r;
  r.function = "f";
  r.items = 10;
  r.backend = "fork";
  r.workers = 2;
  r.reason = "why not";
  r.wall = seconds{.54};
  r.loop = seconds{1.01};
  r.buckets.compute = seconds{1.0};
  r.buckets.wait = seconds{.07};
  r.buckets.start = seconds{1e-6};
  r.buckets.unexplained = seconds{.01};
  r.decisions = {{seconds{.004}, 2, seconds{.0013}, seconds{.53}, "pays"}};
  r.accounts = {{0, 5, seconds{.5}, seconds{.5}, seconds{0}, seconds{.5}, 0},
                {1, 5, seconds{.5}, seconds{.5}, seconds{0}, seconds{.5}, 4096}};
  r.notes = {"a note"};
  return r;
}

// Every tag that opens closes in order, every attribute is quoted, every & begins an entity.
void expect_well_formed(const std::string& page) {
  const std::regex tag(R"(<(/?)([a-z]+)((?:\s+[a-zA-Z-]+="[^"<>]*")*)(/?)>)");
  std::vector<std::string> open;
  std::string rest;
  std::size_t last = 0;
  for (std::sregex_iterator at(page.begin(), page.end(), tag), end; at != end; ++at) {
    rest += page.substr(last, static_cast<std::size_t>(at->position()) - last);
    last = static_cast<std::size_t>(at->position() + at->length());
    const std::string name = (*at)[2];
    if ((*at)[4].length() > 0) continue;
    if ((*at)[1].length() == 0) {
      open.push_back(name);
    } else {
      ASSERT_FALSE(open.empty()) << name;
      EXPECT_EQ(open.back(), name);
      open.pop_back();
    }
  }
  rest += page.substr(last);
  EXPECT_TRUE(open.empty());
  const std::size_t style_end = rest.rfind('}') + 1;  // the style sheet may use > as a combinator
  EXPECT_EQ(rest.find('<'), std::string::npos) << "a stray < near: " << rest;
  EXPECT_EQ(rest.find('>', style_end), std::string::npos);
  EXPECT_FALSE(std::regex_search(rest, std::regex("&(?!(amp|lt|gt|quot|#39);)")));
}

TEST(Html, IsWellFormedForEveryDetail) {
  Receipt r = forked();
  expect_well_formed(html(r));
  r.items = 0;
  expect_well_formed(html(r));
  expect_well_formed(html(Receipt{}));
}

TEST(Html, HostileNamesArriveAsText) {
  const std::string evil = "<script>alert('&\")</script>";
  Receipt r = forked();
  r.function = r.reason = r.backend = evil;
  r.notes = {evil};
  r.decisions[0].why = evil;
  const std::string page = html(r);
  expect_well_formed(page);
  EXPECT_EQ(page.find("<script"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;alert(&#39;&amp;&quot;)&lt;/script&gt;"), std::string::npos);
  r.backend = "inline";  // then the reason stands in the headline
  EXPECT_EQ(html(r).find("<script"), std::string::npos);
}

TEST(Html, SaysTheSentencesOfTheText) {
  const Receipt r = forked();
  const std::string page = html(r);
  for (const std::string& words : {headline(r), subject(r), r.reason, r.notes[0],
                                   r.decisions[0].why, std::string("unexplained")}) {
    EXPECT_NE(page.find(words), std::string::npos) << words;
  }
  for (const Fact& fact : facts(r)) EXPECT_NE(page.find(fact.sentence), std::string::npos);
}

TEST(Html, EverySegmentIsVisibleAndTheyFillTheBar) {
  const std::string page = html(forked());
  const std::regex segment(R"re(x="([0-9.]+)" y="17" width="([0-9.]+)")re");
  double end = 1;
  int count = 0;
  for (std::sregex_iterator at(page.begin(), page.end(), segment), none; at != none; ++at) {
    EXPECT_NEAR(std::stod((*at)[1]), end, .11);
    EXPECT_GE(std::stod((*at)[2]), 3);
    end = std::stod((*at)[1]) + std::stod((*at)[2]);
    ++count;
  }
  EXPECT_EQ(count, 4);
  EXPECT_NEAR(end, 639, .2);
}

TEST(Html, EveryPatternUsedIsDefinedAndReceiptsDoNotShareThem) {
  const auto all = [](const std::string& page, const std::string& expression) {
    const std::regex pattern(expression);
    std::set<std::string> found;
    for (std::sregex_iterator at(page.begin(), page.end(), pattern), end; at != end; ++at) {
      found.insert((*at)[1]);
    }
    return found;
  };
  Receipt other = forked();
  const std::string page = html(other);
  const auto defined = all(page, "id=\"([^\"]+)\"");
  EXPECT_EQ(defined.size(), 4U);
  EXPECT_EQ(defined, all(page, "url\\(#([^)]+)\\)"));
  EXPECT_EQ(page, html(other));
  other.wall = seconds{.55};
  for (const std::string& id : all(html(other), "id=\"([^\"]+)\""))
    EXPECT_EQ(defined.count(id), 0U);
}

TEST(Html, NeedsNothingFromOutsideAndNamesNoColour) {
  const std::string page = html(forked());
  for (const char* word : {"http", "<script", "@import", "src=", "onload", "rgb", ":#", "=\"#"}) {
    EXPECT_EQ(page.find(word), std::string::npos) << word;
  }
}

TEST(Html, NonsenseStillRenders) {
  Receipt r = forked();
  const seconds nan{std::numeric_limits<double>::quiet_NaN()};
  r.wall = r.loop = r.buckets.compute = r.buckets.wait = nan;
  r.buckets.unexplained = seconds{-1};
  r.workers = std::numeric_limits<int>::max();
  expect_well_formed(html(r));
  EXPECT_EQ(html(r).find("nan"), std::string::npos);
}

}  // namespace
}  // namespace payoff::report
