// src/profile/watch.cpp: the sampler, on another process
#include "profile/watch.hpp"

#include "profile/sampler.hpp"

namespace payoff::profile {

Watch::Watch(pid_t pid, double rate, double budget) {
  SamplerOptions options;
  options.pid = pid;
  options.rate = rate;
  options.budget = budget;
  options.keep = Keep::yes;
  sampler_ = std::make_unique<Sampler>(std::move(options));
}

Watch::~Watch() = default;

void Watch::sample() { sampler_->look(); }

std::chrono::nanoseconds Watch::pause() { return sampler_->pause(); }

Profile Watch::take() { return sampler_->profile(Sampler::End::complete); }

}  // namespace payoff::profile
