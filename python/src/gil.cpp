// python/src/gil.cpp: the GIL's word found by its neighbours, and one thread that looks at it
#include "gil.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <sys/prctl.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <cstring>
#include <ctime>
#include <memory>
#include <random>

#include "ending.hpp"
#include "fitness.hpp"
#include "payoff/seconds.hpp"

namespace payoff::python {
namespace {

using namespace std::chrono_literals;

constexpr int kLooks = 12;
constexpr int kFewest = 8;         // before anything is said
constexpr int kFewestHeld = 4;     // in a row: with 70 % free one time in a hundred
constexpr int kEnough = 48;        // to believe whatever they say
constexpr std::int64_t kEnds = 4;  // of free stretches, before their length is believed
constexpr ns kLook = 10us;
constexpr ns kWaking = 60us;    // a timer's, in a virtual machine
constexpr ns kPreempted = 5us;  // between two readings: we were not there

using Word = std::atomic<int>;

// CPython keeps its GIL in the variable _PyRuntime (3.12 on: in the main interpreter's part of it),
// as { unsigned long interval; PyThreadState *last_holder; int locked; ... }. Where in it differs
// by version; but while we hold the GIL, the three values are known, and no other place has them.
// The variable is static, so that reading there is safe for as long as the process lives.
const Word* find_word() {
  void* runtime = dlsym(RTLD_DEFAULT, "_PyRuntime");
  Dl_info info;
  void* entry = nullptr;
  if (runtime == nullptr || dladdr1(runtime, &info, &entry, RTLD_DL_SYMENT) == 0 ||
      entry == nullptr)
    return nullptr;
  const std::size_t bytes = static_cast<const ElfW(Sym)*>(entry)->st_size;
  PyObject* get = PySys_GetObject("getswitchinterval");  // borrowed
  PyObject* seconds = get != nullptr ? PyObject_CallNoArgs(get) : nullptr;
  if (seconds == nullptr) {
    PyErr_Clear();
    return nullptr;
  }
  const auto interval = static_cast<unsigned long>(PyFloat_AsDouble(seconds) * 1e6 + 0.5);
  Py_DECREF(seconds);
  struct Neighbours {
    unsigned long interval;
    PyThreadState* last_holder;
    int locked;
  };
  const PyThreadState* me = PyThreadState_Get();
  const char* base = static_cast<const char*>(runtime);
  const Word* found = nullptr;
  for (std::size_t at = 0; at + sizeof(Neighbours) <= bytes; at += alignof(Neighbours)) {
    Neighbours here;
    std::memcpy(&here, base + at, sizeof here);
    if (here.interval != interval || here.last_holder != me || here.locked != 1) continue;
    if (found != nullptr) return nullptr;  // two places: neither is believed
    found = reinterpret_cast<const Word*>(base + at + offsetof(Neighbours, locked));
  }
  if (found == nullptr) return nullptr;
  // The proof: it falls when we let go. Another thread may be quicker, but not every time.
  for (int attempt = 0; attempt < 20; ++attempt) {
    int released = 1;
    {
      const WithoutGil others_may_go_on;
      released = found->load(std::memory_order_relaxed);
    }
    if (released == 0) return found->load(std::memory_order_relaxed) == 1 ? found : nullptr;
  }
  return nullptr;
}

int attempts = 0;  // to find the word

const Word* word() {
  static const Word* found = nullptr;
  if (found == nullptr && attempts < 3) {
    ++attempts;
    found = find_word();
  }
  return found;
}

// What one thread saw; the caller reads it meanwhile.
class Totals {
 public:
  void add_look(ns free, ns held, std::int64_t taken) {
    free_ns_.fetch_add(free.count(), std::memory_order_relaxed);
    held_ns_.fetch_add(held.count(), std::memory_order_relaxed);
    taken_.fetch_add(taken, std::memory_order_relaxed);
    looks_.fetch_add(1, std::memory_order_relaxed);
  }
  [[nodiscard]] GilSeen read() const {
    return {.looks = looks_.load(std::memory_order_relaxed),
            .free = ns(free_ns_.load(std::memory_order_relaxed)),
            .held = ns(held_ns_.load(std::memory_order_relaxed)),
            .free_at_work = {},
            .taken = taken_.load(std::memory_order_relaxed)};
  }

 private:
  std::atomic<int> looks_{0};
  std::atomic<std::int64_t> free_ns_{0}, held_ns_{0}, taken_{0};
};

constexpr int kLeave = -1;

}  // namespace

// Shared with the thread that looks, which ends soon after it has been told to.
struct GilWatch::Watching {
  std::atomic<int> looks_left{kLooks};  // what the thread waits on
  ns apart{};
  clockid_t cpu{};  // of the thread that is watched
  Totals anyway, at_work;
};

namespace {

ns cpu_time(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return std::chrono::seconds(time.tv_sec) + ns(time.tv_nsec);
}

void look(const Word& gil, GilWatch::Watching& watching) {
  const auto now = [] { return machine::steady_clock().now(); };
  ns free{}, held{};
  std::int64_t taken = 0;
  const ns cpu = cpu_time(watching.cpu);
  bool was_free = gil.load(std::memory_order_relaxed) == 0;
  const ns began = now();
  for (ns last = began, at; last - began < kLook; last = at) {
    const bool is_free = gil.load(std::memory_order_relaxed) == 0;
    at = now();
    if (at - last < kPreempted) (was_free ? free : held) += at - last;
    taken += was_free && !is_free ? 1 : 0;
    was_free = is_free;
  }
  const bool worked = cpu_time(watching.cpu) - cpu > kLook / 2;
  watching.anyway.add_look(free, held, taken);
  if (worked) watching.at_work.add_look(free, held, taken);
}

void* look_at_random_moments(void* argument) {
  const std::unique_ptr<std::shared_ptr<GilWatch::Watching>> mine(
      static_cast<std::shared_ptr<GilWatch::Watching>*>(argument));
  GilWatch::Watching& watching = **mine;
  pthread_setname_np(pthread_self(), "payoff-gil");
  prctl(PR_SET_TIMERSLACK, 1000);
  std::minstd_rand random(static_cast<unsigned>(machine::steady_clock().now().count()));
  std::uniform_real_distribution<double> around(0.5, 1.5);
  for (;;) {
    watching.looks_left.wait(0);
    const auto apart = static_cast<double>(watching.apart.count());
    const timespec moment{.tv_sec = 0, .tv_nsec = static_cast<long>(around(random) * apart)};
    nanosleep(&moment, nullptr);
    int left = watching.looks_left.load(std::memory_order_relaxed);
    while (left > 0 && !watching.looks_left.compare_exchange_weak(left, left - 1)) {
    }
    if (left == kLeave) return nullptr;
    if (left > 0) look(*word(), watching);
  }
}

bool start_thread(const std::shared_ptr<GilWatch::Watching>& watching) {
  sigset_t all, before;
  sigfillset(&all);  // signals are for the program's own threads
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 64 * 1024);
  pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
  pthread_t thread{};
  auto* theirs = new std::shared_ptr<GilWatch::Watching>(watching);
  const bool started = pthread_create(&thread, &small, look_at_random_moments, theirs) == 0;
  if (started)  // this needs a file, so it names itself, too; but a fork may ask for names before
    pthread_setname_np(thread, "payoff-gil");
  else
    delete theirs;
  pthread_attr_destroy(&small);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return started;
}

const char* in_a_word(GilUse use) {
  constexpr const char* kWords[] = {"unknown", "held", "in slices", "free"};
  return kWords[static_cast<int>(use)];
}

}  // namespace

double GilSeen::free_share() const {
  const auto all = static_cast<double>((free + held).count());
  return all > 0 ? static_cast<double>(free.count()) / all : 0;
}

ns GilSeen::free_stretch() const { return free_at_work / std::max<std::int64_t>(taken, 1); }

GilUse judge(const GilSeen& seen, double wanted) {
  const double share = seen.free_share();
  if (seen.looks >= kFewestHeld && seen.free == ns{}) return GilUse::held;
  if (seen.looks < kFewest) return GilUse::unknown;
  if (share < wanted) {
    const double error = std::sqrt(share * (1 - share) / seen.looks);
    const bool sure = share + error < wanted || seen.looks >= kEnough;
    return sure ? GilUse::held : GilUse::unknown;
  }
  const auto stretch = static_cast<double>(seen.free_stretch().count());  // 0: never seen to run
  const double loss = (1 - share) * static_cast<double>(kHandOver.count()) / std::max(stretch, 1.0);
  if (loss <= kLargestLoss && seen.free_stretch() >= kShortestStretch) return GilUse::free;
  const bool sure = seen.taken >= kEnds || (seen.taken > 0 && seen.looks >= kEnough);
  return sure ? GilUse::in_slices : GilUse::unknown;
}

ns GilWatch::price() { return attempts > 0 ? 50us : 200us; }  // a thread; and finding the word

ns GilWatch::takes(ns apart) { return kLooks * (apart + kWaking + kLook); }

bool GilWatch::is_possible() { return word() != nullptr; }

bool GilWatch::start(ns apart) {
  stop();
  auto watching = std::make_shared<Watching>();
  watching->apart = apart;
  if (!is_possible() || pthread_getcpuclockid(pthread_self(), &watching->cpu) != 0) return false;
  if (start_thread(watching)) watching_ = std::move(watching);
  return watching_ != nullptr;
}

void GilWatch::go_on() const {
  if (watching_ == nullptr) return;
  watching_->looks_left.store(kLooks, std::memory_order_relaxed);
  watching_->looks_left.notify_one();
}

void GilWatch::stop() {
  if (watching_ == nullptr) return;
  watching_->looks_left.store(kLeave, std::memory_order_relaxed);
  watching_->looks_left.notify_one();
  watching_ = nullptr;
}

GilSeen GilWatch::seen(Of what) const {
  if (watching_ == nullptr) return {};
  GilSeen seen = watching_->anyway.read();
  const GilSeen ends = what == Of::work ? watching_->at_work.read() : seen;
  seen.free_at_work = ends.free;
  seen.taken = ends.taken;
  return seen;
}

void bind_gil(nanobind::module_& m) {
  namespace nb = nanobind;
  m.def(
      "gil_use",  // the rule alone, for its test: of looks that saw it free, or held, throughout
      [](int free, int held) {
        const GilSeen seen{.looks = free + held,
                           .free = free * kLook,
                           .held = held * kLook,
                           .free_at_work = free * kLook};
        return in_a_word(judge(seen, kFreeWhenBusy));
      },
      nb::kw_only(), nb::arg("free"), nb::arg("held"));
  nb::class_<GilWatch>(m, "GilWatch", "Looks at the GIL from outside, without taking it.")
      .def(nb::init<>())
      .def("start",
           [](GilWatch& watch, double apart) {
             return watch.start(std::chrono::duration_cast<ns>(seconds(apart)));
           })
      .def("go_on", &GilWatch::go_on)
      .def("stop", &GilWatch::stop)
      .def(
          "seen",
          [](const GilWatch& watch, bool waiting) {
            const GilSeen seen = watch.seen(waiting ? GilWatch::Of::waiting : GilWatch::Of::work);
            return nb::make_tuple(seen.looks, seen.free_share(),
                                  seconds(seen.free_stretch()).count(),
                                  in_a_word(judge(seen, kFreeWhenBusy)));
          },
          nb::kw_only(), nb::arg("waiting"));
}

}  // namespace payoff::python
