// src/machine/bench/probe.cpp: rounds of repetitions within a time limit
#include "machine/bench/probe.hpp"

#include <algorithm>

namespace payoff::machine::bench {

std::vector<Samples> take_turns(const std::vector<Probe>& probes, Clock& clock, ns budget,
                                const std::function<Go(double)>& tell) {
  std::vector<Samples> samples(probes.size());
  int rounds = 0;
  for (const Probe& probe : probes) rounds = std::max(rounds, probe.most);
  const ns began = clock.now();
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < probes.size(); ++i) {
      if (round >= probes[i].most) continue;
      if (round > 0 && clock.now() - began >= budget) return samples;
      const Reading reading = probes[i].once();
      for (std::size_t part = 0; part < reading.size(); ++part)
        samples[i][part].push_back(reading[part]);
    }
    const double by_time = static_cast<double>((clock.now() - began).count()) /
                           static_cast<double>(std::max<ns>(budget, ns(1)).count());
    const double by_rounds = (round + 1.0) / rounds;
    if (tell(std::min(1.0, std::max(by_time, by_rounds))) == Go::stop) return samples;
  }
  return samples;
}

}  // namespace payoff::machine::bench
