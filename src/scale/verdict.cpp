// src/scale/verdict.cpp: the thresholds beyond which a run is repeated
#include "scale/verdict.hpp"

#include "text/format.hpp"

namespace payoff::scale {

std::vector<std::string> faults_of(const Noise& noise, seconds wall, seconds usual_spin, int cpus) {
  std::vector<std::string> faults;
  const seconds capacity = wall * cpus;
  const auto too_much = [&](const std::optional<double>& share) {
    return share && *share > tolerated_share && *share * capacity > stat_slack * cpus;
  };
  if (too_much(noise.others))
    faults.push_back(
        text::format("other processes used {:.0f} % of the CPUs", *noise.others * 100));
  if (too_much(noise.steal))
    faults.push_back(text::format("the hypervisor took {:.0f} % of the CPUs", *noise.steal * 100));
  if (noise.throttled.value_or(0) > 0)
    faults.push_back(text::format("a cgroup quota stopped it for {:.2g} s in {:.0f} periods",
                                  noise.throttled_time.count(), *noise.throttled));
  if (usual_spin > seconds(0) && noise.spin > usual_spin * tolerated_spin)
    faults.push_back(text::format("the CPU was {:.0f} % slower than usual",
                                  (noise.spin / usual_spin - 1) * 100));
  return faults;
}

}  // namespace payoff::scale
