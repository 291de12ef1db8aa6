// src/cli/answer_options.cpp: the options that `fit` and `scale` share, and showing the answer
#include "cli/answer_options.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "cli/commands.hpp"
#include "report/scaling.hpp"
#include "tables/numbers.hpp"
#include "text/format.hpp"

namespace payoff::cli {
namespace {

constexpr const char* price_example = "--price 0.0446/core-hour or --price \"0.089 EUR/core-hour\"";

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

struct Money {
  double amount = 0;
  std::string currency;  // empty: not said
};

// "0.0446", "0.0446 EUR", "EUR 0.0446", "$0.0446": currencies are three letters.
Money money_of(const std::string& typed, const std::string& option, const std::string& example) {
  std::string_view text = tables::trimmed(typed);
  Money money;
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  const auto take = [&](std::string_view code) {
    if (code.size() != 3 || !letter(code[0]) || !letter(code[1]) || !letter(code[2])) return false;
    for (const char c : code) money.currency += c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
    return true;
  };
  if (text.starts_with('$')) money.currency = "USD", text.remove_prefix(1);
  if (text.starts_with("€")) money.currency = "EUR", text.remove_prefix(std::strlen("€"));
  if (text.size() > 3 && take(text.substr(0, 3))) {
    text.remove_prefix(3);
  } else if (text.size() > 3 && text.substr(0, 3) != "nan" && take(text.substr(text.size() - 3))) {
    text.remove_suffix(3);
  }
  const auto amount = tables::number_of(text);
  if (!amount || !std::isfinite(*amount) || *amount < 0) {
    throw BadInput(text::format("{} '{}' is not an amount of money", option, typed), example);
  }
  money.amount = *amount;
  return money;
}

// One currency for everything; nothing is converted.
void agree(std::string& currency, const std::string& said, const std::string& option) {
  if (said.empty() || said == currency) return;
  if (!currency.empty()) {
    throw BadInput(text::format("{} is in {}, another option in {}", option, said, currency),
                   "give all amounts in one currency");
  }
  currency = said;
}

void write_file(const std::string& path, const std::string& content, const char* what) {
  if (path == "-") {
    std::fputs(content.c_str(), stdout);
    return;
  }
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  bool good = file != nullptr;
  if (good) good = std::fwrite(content.data(), 1, content.size(), file) == content.size();
  int error = errno;
  if (file != nullptr && std::fclose(file) != 0) good = false, error = errno;
  if (!good) {
    throw Failure(
        text::format("the {} could not be written to {}: {}", what, path, std::strerror(error)),
        "another file, in a folder that exists and has room");
  }
}

}  // namespace

std::shared_ptr<AnswerOptions> add_answer_options(CLI::App& parser) {
  auto options = std::make_shared<AnswerOptions>();
  auto* json = parser.add_flag("--json", options->json, "Print JSON, for programs.");
  parser.add_flag("--csv", options->csv, "Print CSV: a line for each N.")->excludes(json);
  parser.add_option("--svg", options->svg, "Write the plot to this file.")->type_name("FILE");
  parser.add_option("--html", options->html, "Write the whole answer to this file, as a page.")
      ->type_name("FILE");
  add_money_options(parser, *options);
  parser
      .add_option("--cores", options->cores,
                  "The machine's cores: more workers than that share them.")
      ->type_name("N");
  parser
      .add_option("--smt-yield", options->smt_yield,
                  "What the second hardware thread of a core adds, in cores (0.2).")
      ->type_name("SHARE");
  parser.add_option("--quota", options->quota, "The CPUs that a container may use.")
      ->type_name("CPUS");
  return options;
}

void add_money_options(CLI::App& parser, AnswerOptions& options) {
  constexpr const char* group = "Money (nothing is assumed: give your own prices)";
  parser
      .add_option("--price", options.price,
                  "What a core costs, as 0.0446/core-hour or \"0.089 EUR/vcpu-hour\".")
      ->type_name("PRICE")
      ->group(group);
  parser.add_option("--price-date", options.price_date, "The day of that price; it is printed.")
      ->type_name("DATE")
      ->group(group);
  parser.add_option("--currency", options.currency, "The currency of all amounts (USD).")
      ->type_name("CODE")
      ->group(group);
  parser
      .add_option("--fixed", options.fixed,
                  "What an hour costs besides, whatever N: memory, a licence.")
      ->type_name("MONEY")
      ->group(group);
  parser
      .add_option("--hour-value", options.hour_value,
                  "What an hour of waiting is worth: names the best N.")
      ->type_name("MONEY")
      ->group(group);
  parser.add_option("--minimum", options.minimum, "The least time that is billed, as 60s.")
      ->type_name("TIME")
      ->group(group);
  parser.add_option("--granularity", options.granularity, "The steps of billing, as 1s or 1h.")
      ->type_name("TIME")
      ->group(group);
}

PriceTag price_of(const AnswerOptions& options) {
  PriceTag tag;
  std::string currency;
  if (!options.currency.empty()) {
    if (options.currency.size() != 3) {
      throw BadInput(text::format("--currency '{}' is not a currency's code", options.currency),
                     "--currency EUR");
    }
    currency = money_of("0 " + options.currency, "--currency", "--currency EUR").currency;
  }
  if (!options.price.empty()) {
    const auto slash = options.price.find('/');
    const std::string per =
        slash == std::string::npos ? "" : lower(options.price.substr(slash + 1));
    if (per != "core-hour" && per != "vcpu-hour") {
      throw BadInput(
          text::format("--price '{}' does not say of what it is the price", options.price),
          price_example);
    }
    const Money money = money_of(options.price.substr(0, slash), "--price", price_example);
    if (!(money.amount > 0))
      throw BadInput("--price must be above zero", "leave it out: then cost is core-seconds");
    agree(currency, money.currency, "--price");
    tag.price.per_core_hour = money.amount;
    tag.per = per;
  }
  const auto amount = [&](const std::string& typed, const char* option) {
    if (typed.empty()) return 0.0;
    const Money money = money_of(typed, option, text::format("{} 0.5", option));
    agree(currency, money.currency, option);
    return money.amount;
  };
  tag.price.fixed_per_hour = amount(options.fixed, "--fixed");
  tag.price.hour_value = amount(options.hour_value, "--hour-value");
  if (!options.minimum.empty()) tag.price.minimum = duration_of(options.minimum, "--minimum");
  if (!options.granularity.empty())
    tag.price.granularity = duration_of(options.granularity, "--granularity");
  if (!currency.empty()) tag.price.currency = currency;
  tag.price.date = options.price_date;
  if (!tag.price.given() && (tag.price.hour_value > 0 || !options.price_date.empty() ||
                             !options.minimum.empty() || !options.granularity.empty())) {
    throw BadInput("an hour's value, a date or billing steps say nothing without a price",
                   price_example);
  }
  return tag;
}

laws::Machine machine_of(const AnswerOptions& options) {
  laws::Machine machine;
  const auto positive = [](std::optional<double> value, const char* option, double& into) {
    if (!value) return;
    if (!(*value > 0) || !std::isfinite(*value))
      throw BadInput(text::format("{} must be above zero", option), text::format("{} 8", option));
    into = *value;
  };
  positive(options.cores, "--cores", machine.cores);
  positive(options.quota, "--quota", machine.quota);
  if (options.smt_yield) {
    if (!(*options.smt_yield >= 0 && *options.smt_yield <= 1))
      throw BadInput("--smt-yield must lie between 0 and 1", "--smt-yield 0.2");
    machine.smt_yield = *options.smt_yield;
  }
  return machine;
}

seconds duration_of(const std::string& typed, const std::string& option) {
  const auto time = tables::duration_of(typed);
  if (time && time->count() > 0 && std::isfinite(time->count())) return *time;
  throw BadInput(text::format("{} '{}' is not a time above zero", option, typed),
                 text::format("{0} 90s, {0} 2.5min, {0} 10h", option));
}

void show(const report::Scaling& scaling, const AnswerOptions& options) {
  const bool to_stdout = options.svg == "-" || options.html == "-";
  if ((options.svg == "-" && options.html == "-") || (to_stdout && (options.json || options.csv)))
    throw BadInput("two answers cannot both go to stdout", "a file for one of them");
  if (!options.svg.empty()) write_file(options.svg, report::scaling_svg(scaling), "plot");
  if (!options.html.empty()) write_file(options.html, report::scaling_html(scaling), "page");
  if (to_stdout) return;
  const std::string answer = options.json ? report::scaling_json(scaling)
                             : options.csv
                                 ? report::scaling_csv(scaling)
                                 : report::scaling_text(scaling, report::terminal_of_stdout());
  std::fputs(answer.c_str(), stdout);
}

}  // namespace payoff::cli
