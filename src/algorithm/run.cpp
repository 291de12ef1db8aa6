// src/algorithm/run.cpp: who wants a receipt, and how it is shown
#include "payoff/run.hpp"

#include <utility>

#include "algorithm/engine.hpp"
#include "report/json.hpp"
#include "report/text.hpp"

namespace payoff {
namespace detail {
namespace {
thread_local Receipt* wanted = nullptr;
}
Recorder::Recorder(Receipt& receipt) : before_(wanted) { wanted = &receipt; }
Recorder::~Recorder() { wanted = before_; }
Receipt* take_wanted_receipt() { return std::exchange(wanted, nullptr); }
}  // namespace detail

std::string text(const Receipt& receipt) { return report::text(receipt); }
std::string json(const Receipt& receipt) { return report::json(receipt); }

}  // namespace payoff
