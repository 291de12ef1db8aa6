// src/report/text.hpp: the receipt as text, and the sentences it is made of
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "payoff/receipt.hpp"

namespace payoff::report {

// At most 100 columns, plain UTF-8, no colour codes, no newline at the end. Total: any receipt can
// be shown, also one with NaN, negative noise or hostile names in it.
[[nodiscard]] std::string text(const Receipt& receipt);

// The sentences. Every form for people says the same words; only the dress differs. They contain
// names as users gave them, made safe for one line of a terminal but not escaped for HTML.

enum class Detail { none, brief, full };  // no items; a plain loop under a millisecond; all else
[[nodiscard]] Detail detail_of(const Receipt& receipt);

// What was chosen, in words a newcomer understands.
[[nodiscard]] std::string headline(const Receipt& receipt);

// What ran: function, items, backend, cores.
[[nodiscard]] std::string subject(const Receipt& receipt);

// This run beside the plain loop, which was not run but predicted.
struct Compared {
  std::string label, run, loop, remark;
};
[[nodiscard]] std::vector<Compared> compared(const Receipt& receipt);

// The buckets that are not zero, in the order of the struct, and always *unexplained*.
struct BucketRow {
  std::string_view name, hint;
  seconds time{};
  double share = 0;  // of workers x wall
};
[[nodiscard]] std::vector<BucketRow> bucket_rows(const Receipt& receipt);
[[nodiscard]] std::string bucket_sentence(const Receipt& receipt);  // the shares, on one line

// What the buckets add up to: "2 workers x 0.54 s", and its product.
[[nodiscard]] std::string worker_time_text(const Receipt& receipt);
[[nodiscard]] seconds worker_time(const Receipt& receipt);

// Item cost, the law, what more workers would buy, memory; only those there is something to say on.
struct Fact {
  std::string label, sentence;
};
[[nodiscard]] std::vector<Fact> facts(const Receipt& receipt);

}  // namespace payoff::report
