// src/cli/answer_options.hpp: the options that `fit` and `scale` share: how the answer looks, what
// computing costs, what the machine is
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "payoff/laws.hpp"

namespace CLI {
class App;
}
namespace payoff::report {
struct Scaling;
}

namespace payoff::cli {

// As typed; price_of and machine_of check and convert it.
struct AnswerOptions {
  bool json = false, csv = false;
  std::string svg, html;  // files, - is stdout; empty: none
  std::string price, price_date, currency, fixed, hour_value, minimum, granularity;
  std::optional<double> cores, quota, smt_yield;
};

struct PriceTag {
  laws::Price price;
  std::string per = "core-hour";  // or "vcpu-hour"
};

// Declares --json --csv --svg --html and what add_money_options and add_machine_options declare.
[[nodiscard]] std::shared_ptr<AnswerOptions> add_answer_options(CLI::App& parser);
// --price --price-date --currency --fixed --hour-value --minimum --granularity
void add_money_options(CLI::App& parser, AnswerOptions& options);

// They throw BadInput with the option's name, what is wrong and an example that works.
[[nodiscard]] PriceTag price_of(const AnswerOptions& options);
[[nodiscard]] laws::Machine machine_of(
    const AnswerOptions& options);  // --cores --quota --smt-yield

// "10h", "2.5 min", "900ms", "30" (seconds): throws BadInput that names `option`.
[[nodiscard]] seconds duration_of(const std::string& typed, const std::string& option);

// Prints the answer in the wanted form and writes the wanted files; throws Failure if one of them
// cannot be written. Writes the files first, so that what is printed last is the answer.
void show(const report::Scaling& scaling, const AnswerOptions& options);

}  // namespace payoff::cli
