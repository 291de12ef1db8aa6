// src/profile/sampler.cpp: which threads there are, and whose turn it is
#include "profile/sampler.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "machine/quota.hpp"
#include "profile/sampler_parts.hpp"

namespace payoff::profile {
namespace {

constexpr std::size_t kBusy = 25;       // threads that are looked at in one cycle
constexpr std::size_t kBegun = 25;      // new ones that run
constexpr std::size_t kNew = 50;        // new ones that have not moved since they were met
constexpr std::size_t kResting = 200;   // resting ones whose times are read in one cycle
constexpr std::size_t kRecords = 4096;  // threads told apart
constexpr std::size_t kAllSlices = 100'000;

std::string command_of(const std::string& folder) {
  auto text = machine::read_small_file(folder + "/../cmdline").value_or("");
  while (!text.empty() && text.back() == '\0') text.pop_back();
  std::replace(text.begin(), text.end(), '\0', ' ');
  constexpr std::size_t kMost = 1000;
  return text.substr(0, kMost);
}

}  // namespace

Sampler::Sampler(SamplerOptions options)
    : options_(std::move(options)),
      tasks_(options_.root, options_.pid, options_.keep),
      budget_(options_.rate, options_.budget),
      noise_(static_cast<std::uint64_t>(monotonic()) ^ static_cast<std::uint64_t>(::getpid())) {
  begin_ = learnt_ = monotonic();
  process_.pid = options_.pid == 0 ? ::getpid() : options_.pid;
  process_.parent = options_.pid == 0 ? ::getppid() : ::getpid();
  process_.command = command_of(tasks_.folder());
  process_.begin = begin_;
  process_.quality.rate_asked = options_.rate;
  process_.quality.budget = options_.budget;
  process_.quality.states_only = true;
  if (options_.python) {
    process_.runtime = options_.python->runtime;
    process_.quality.states_only = !options_.python->frames;
    process_.quality.notes = options_.python->notes;
    stacks_ = std::make_unique<Stacks>(std::move(*options_.python), tally_);
    options_.python.reset();
  }
  sampler_before_ = clock_ns(CLOCK_THREAD_CPUTIME_ID);
  cpu_before_ = program_cpu();
  find_threads(begin_);
}

Sampler::~Sampler() = default;

std::int64_t Sampler::program_cpu() const {
  if (options_.pid == 0)
    return clock_ns(CLOCK_PROCESS_CPUTIME_ID) - clock_ns(CLOCK_THREAD_CPUTIME_ID);
  clockid_t clock{};
  if (::clock_getcpuclockid(options_.pid, &clock) != 0) return -1;
  return clock_ns(clock);
}

void Sampler::add_thread(int tid, std::int64_t begin, const Times& already) {
  auto subject = std::make_unique<Subject>(tasks_, tid);
  if (records_.size() < kRecords) {
    auto record = std::make_unique<Record>();
    record->index = static_cast<std::uint32_t>(records_.size());
    record->thread.tid = tid;
    record->thread.name = stacks_ && tid == process_.pid ? "MainThread" : subject->task.name();
    record->thread.begin = record->thread.end = begin;
    records_.push_back(std::move(record));
    const std::size_t each = kAllSlices / records_.size();
    if (each < kSlices)
      for (auto& other : records_) other->timeline.limit(each);
  }
  if (records_.size() >= kRecords) records_.back()->thread.name = "(more threads)";
  subject->record = records_.back().get();
  subject->tid = tid;
  subject->at = begin;
  subject->seen = already;
  subject->clock = clock_of(tid);
  by_tid_[tid] = subject->record->index;
  subjects_.push_back(std::move(subject));
}

void Sampler::find_threads(std::int64_t now) {
  visit_.leave();  // nobody need wait for this
  const std::int64_t before = clock_ns(CLOCK_THREAD_CPUTIME_ID);
  const bool first = scanned_ == 0;
  std::vector<int> ids = tasks_.ids();
  std::sort(ids.begin(), ids.end());
  for (std::size_t i = subjects_.size(); i-- > 0;)
    if (!std::binary_search(ids.begin(), ids.end(), subjects_[i]->tid)) retire(i);
  std::vector<int> known;
  known.reserve(subjects_.size());
  for (const auto& subject : subjects_) known.push_back(subject->tid);
  std::sort(known.begin(), known.end());
  for (const int tid : ids) {
    if (std::binary_search(known.begin(), known.end(), tid)) continue;
    if (is_own(tid)) continue;
    if (first) {
      Subject probe(tasks_, tid);
      probe.tid = tid;
      if (const auto times = times_of(probe)) add_thread(tid, now, *times);
    } else {
      // It began since the last look; what it has used so far is all its own.
      add_thread(tid, std::max(scanned_, now - budget_.interval().count()), {});
    }
  }
  count_ = static_cast<int>(ids.size());
  scanned_ = now;
  scan_cost_ = clock_ns(CLOCK_THREAD_CPUTIME_ID) - before;
}

// What payoff runs beside the program: this thread, the one that watches a worker's parent, the one
// that watches the GIL. Its workers ("payoff-worker") run the program's own code, and are seen.
bool Sampler::is_own(int tid) const {
  if (std::find(options_.own.begin(), options_.own.end(), tid) != options_.own.end()) return true;
  if (options_.pid != 0) return false;
  const std::string name = Task(tasks_, tid).name();
  return name == "payoff-sampler" || name == "payoff-parent" || name == "payoff-gil";
}

void Sampler::retire(std::size_t index) {
  Subject& subject = *subjects_[index];
  subject.record->thread.end = std::max(subject.record->thread.end, subject.at);
  subjects_[index] = std::move(subjects_.back());
  subjects_.pop_back();
}

// A thousand threads that are met at once mostly wait: those that have moved since come first, and
// none of them takes the place of one that is known to run.
Sampler::Turn Sampler::turn_of(Subject& subject) {
  if (!subject.fresh) return subject.blocked ? Turn::resting : Turn::busy;
  const std::int64_t before = std::exchange(subject.clock, clock_of(subject.tid));
  if (subject.clock >= 0) return subject.clock == before ? Turn::fresh : Turn::begun;
  const auto times = times_of(subject);
  const bool still =
      times && times->cpu == subject.seen.cpu && times->slices == subject.seen.slices;
  return still ? Turn::fresh : Turn::begun;
}

void Sampler::look() {
  ++cycle_;
  const std::int64_t now = monotonic();
  // The interpreter's list tells of its new threads for less than the system does.
  constexpr std::uint64_t kSeldom = 8;
  const bool may_be_new =
      count_ == 0 || !stacks_ || cycle_ % kSeldom == 0 || stacks_->has_new_thread();
  // A second: one thread may have ended and another begun between two looks.
  const bool changed = (may_be_new && tasks_.count() != count_) || now - scanned_ > 1'000'000'000;
  if (changed && now - scanned_ >= 20 * scan_cost_) find_threads(now);

  std::array<std::size_t, 4> left{kBusy, kBegun, kNew, kResting};
  due_.clear();
  for (std::size_t i = 0; i < subjects_.size(); ++i)
    if (subjects_[i]->due <= cycle_) due_.push_back(i);
  // A random choice; whoever is left out keeps the time that has come up, and books it later.
  for (std::size_t i = due_.size(); i > 1; --i) std::swap(due_[i - 1], due_[noise_.below(i)]);
  std::vector<std::size_t> gone;
  for (const std::size_t index : due_) {
    Subject& subject = *subjects_[index];
    std::size_t& places = left[static_cast<std::size_t>(turn_of(subject))];
    if (places == 0) continue;
    --places;
    if (look_at(subject) == Found::gone) gone.push_back(index);
  }
  if (!std::exchange(visited_, false)) visit_.leave();
  std::sort(gone.rbegin(), gone.rend());
  for (const std::size_t index : gone) retire(index);
  if (!gone.empty()) count_ = 0;  // look for the threads that came in their place
  if (tally_.fold())
    for (auto& record : records_) record->stack = tally_.moved(record->stack);
}

std::chrono::nanoseconds Sampler::pause() {
  const std::int64_t now = monotonic();
  sampler_cpu_ = clock_ns(CLOCK_THREAD_CPUTIME_ID) - sampler_before_;
  if (now - learnt_ >= Budget::kWindow.count()) {
    learnt_ = now;
    using std::chrono::nanoseconds;
    budget_.learn(nanoseconds(now - begin_), nanoseconds(sampler_cpu_),
                  nanoseconds(program_cpu() - cpu_before_));
  }
  return jittered(budget_.interval(), noise_);
}

void Sampler::mark(int tid, Marker marker) {
  constexpr std::size_t kMarkers = 10'000;
  if (markers_.size() < kMarkers) markers_.emplace_back(tid, std::move(marker));
}

void Sampler::rename(int tid, std::string name) {
  const auto found = by_tid_.find(tid);
  if (found != by_tid_.end() && found->second + 1 < kRecords)
    records_[found->second]->thread.name = std::move(name);
}

Profile Sampler::profile(End end) {
  visit_.leave();
  const std::int64_t now = monotonic();
  if (end == End::complete)
    for (const auto& subject : subjects_) {
      const std::int64_t from = subject->at;
      Kinds step;
      if (account(*subject, step))
        draw(*subject->record, from, subject->at, step, subject->record->last);
    }
  Profile profile = tally_.profile();
  process_.end = now;
  process_.quality.complete = end == End::complete;
  process_.quality.sampler_cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - sampler_before_;
  process_.quality.rate =
      now > begin_ ? static_cast<double>(cycle_) * 1e9 / static_cast<double>(now - begin_) : 0;
  const std::int64_t cpu = program_cpu();
  process_.cpu_ns = cpu < 0 ? -1 : std::max<std::int64_t>(0, cpu - cpu_before_);
  profile.processes.push_back(process_);
  for (const auto& record : records_) {
    Thread thread = record->thread;
    if (!schedstat_) thread.runqueue_ns = -1;
    thread.timeline = record->timeline.slices();
    profile.threads.push_back(std::move(thread));
  }
  for (const auto& [tid, marker] : markers_) {
    const auto found = by_tid_.find(tid);
    if (found == by_tid_.end()) continue;
    profile.markers.push_back(marker);
    profile.markers.back().thread = static_cast<std::uint32_t>(found->second);
  }
  settle(profile);
  return profile;
}

}  // namespace payoff::profile
