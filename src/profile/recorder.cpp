// src/profile/recorder.cpp: the sampler's thread, its file, and a new one after a fork
#include "profile/recorder.hpp"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>

#include "ipc/futex.hpp"
#include "machine/usage.hpp"
#include "profile/own_thread.hpp"
#include "profile/peek.hpp"
#include "profile/profile_json.hpp"
#include "profile/sampler.hpp"

namespace payoff::profile {
namespace {

using clock = std::chrono::steady_clock;

int own_tid() { return static_cast<int>(::syscall(SYS_gettid)); }

// When to write next: often while a process is young, as it may end without a word; then each time
// another 20th of its life has passed, and so that writing takes at most 0.1 % of a core, but never
// so late that who dies now has lost more than half of its life.
clock::duration until_next_write(clock::duration lived, clock::duration write_took) {
  const clock::duration spare = std::min(1000 * write_took, lived);
  return std::max({clock::duration(std::chrono::milliseconds(50)), lived / 20, spare});
}

class Recorder {
 public:
  explicit Recorder(RecorderOptions options) : options_(std::move(options)) {}

  [[nodiscard]] const RecorderOptions& options() const { return options_; }

  bool start() { return start_thread("payoff-sampler", &Recorder::body, this); }

  // Asks the thread, and waits for its answer.
  std::string ask(Sampler::End end, Names names) {
    std::unique_lock lock(mutex_);
    if (over_) return {};
    names_ = std::move(names);
    const std::uint64_t mine = ++asked_;
    if (end == Sampler::End::complete) stop_ = true;
    called_.fetch_add(1, std::memory_order_release);
    ipc::futex_wake(called_, 1, ipc::Sleepers::threads);
    answered_.wait(lock, [&] { return done_ >= mine || over_; });
    return std::move(answer_);
  }

  void mark(int tid, Marker marker) {
    const std::lock_guard lock(mutex_);
    markers_.emplace_back(tid, std::move(marker));
  }

 private:
  static void* body(void* self) {
    auto& recorder = *static_cast<Recorder*>(self);
    try {
      recorder.run();
    } catch (const std::exception&) {  // no memory: the program has worse to worry about
    }
    const std::lock_guard lock(recorder.mutex_);
    recorder.over_ = true;
    recorder.answered_.notify_all();
    return nullptr;
  }

  void run() {
    const clock::time_point begin = clock::now();
    SamplerOptions options;
    options.keep = leave_descriptors();
    Visit::take_short_turns();
    if (options.keep == Keep::yes) peek_by_pipe();
    options.rate = options_.rate;
    options.budget = options_.budget;
    options.python = options_.python;
    options.own = {own_tid()};
    Sampler sampler(std::move(options));
    path_ = options_.directory + "/" + std::to_string(::getpid()) + "-" +
            std::to_string(begin.time_since_epoch().count()) + ".json";
    clock::time_point write_at = begin + until_next_write({}, {});
    for (bool go_on = true; go_on;) {
      pause(sampler.pause());
      {
        const std::lock_guard lock(mutex_);
        take_marks(sampler);
        if (asked_ > done_) {
          answer(sampler);
          go_on = !stop_;
          continue;
        }
      }
      sampler.look();
      const clock::time_point now = clock::now();
      if (!options_.directory.empty() && now >= write_at) {
        const auto cpu = machine::thread_cpu();  // a wait for a core is not the program's loss
        const std::string text = to_json(sampler.profile(Sampler::End::running));
        // The folder is gone: nobody will read what we see.
        go_on = write_file(path_, text) != Written::no_folder;
        const clock::time_point wrote = clock::now();
        write_at = wrote + until_next_write(wrote - begin, machine::thread_cpu() - cpu);
      }
    }
  }

  // A raw futex: a condition variable's code would come cold from memory for each look.
  void pause(std::chrono::nanoseconds at_most) {
    const std::int32_t heard = called_.load(std::memory_order_acquire);
    if (heard == heard_) ipc::futex_wait(called_, heard, at_most, ipc::Sleepers::threads);
    heard_ = called_.load(std::memory_order_acquire);
  }

  void take_marks(Sampler& sampler) {
    for (auto& [tid, marker] : markers_) sampler.mark(tid, std::move(marker));
    markers_.clear();
  }

  void answer(Sampler& sampler) {
    for (auto& [tid, name] : names_) sampler.rename(tid, std::move(name));
    names_.clear();
    const Profile profile = sampler.profile(stop_ ? Sampler::End::complete : Sampler::End::running);
    answer_ = to_json(profile);
    if (stop_ && !options_.directory.empty()) (void)write_file(path_, answer_);
    done_ = asked_;
    answered_.notify_all();
  }

  const RecorderOptions options_;
  std::string path_;
  std::mutex mutex_;
  std::condition_variable answered_;
  ipc::atomic<std::int32_t> called_{0};  // where the thread sleeps
  std::int32_t heard_ = 0;
  std::uint64_t asked_ = 0, done_ = 0;
  bool stop_ = false, over_ = false;
  std::string answer_;
  Names names_;
  std::vector<std::pair<int, Marker>> markers_;
};

// Never destroyed: its thread may still run while the process ends, and a forked child inherits one
// whose thread does not exist and whose locks nobody will open.
std::atomic<Recorder*> current{nullptr};
Recorder* lost_in_fork = nullptr;

void forget_in_child() {
  remember_process();
  lost_in_fork = current.exchange(nullptr);
}

}  // namespace

bool running() { return current.load(std::memory_order_relaxed) != nullptr; }

bool start(RecorderOptions options) {
  static const int watched = pthread_atfork(nullptr, nullptr, &forget_in_child);
  (void)watched;
  if (running()) return false;
  remember_process();
  auto recorder = std::make_unique<Recorder>(std::move(options));
  if (!recorder->start()) return false;
  current.store(recorder.release());
  return true;
}

std::string snapshot(Names names) {
  Recorder* const recorder = current.load();
  return recorder == nullptr ? std::string()
                             : recorder->ask(Sampler::End::running, std::move(names));
}

std::string stop(Names names) {
  Recorder* const recorder = current.exchange(nullptr);
  return recorder == nullptr ? std::string()
                             : recorder->ask(Sampler::End::complete, std::move(names));
}

void after_fork() {
  if (lost_in_fork == nullptr || running()) return;
  RecorderOptions options = lost_in_fork->options();
  lost_in_fork = nullptr;
  start(std::move(options));
}

void mark(std::int64_t begin_ns, std::int64_t end_ns, std::string text, std::string receipt_json) {
  if (Recorder* const recorder = current.load())
    recorder->mark(own_tid(), {.thread = 0,
                               .begin = begin_ns,
                               .end = end_ns,
                               .text = std::move(text),
                               .receipt = std::move(receipt_json)});
}

}  // namespace payoff::profile
