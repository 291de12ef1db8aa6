// python/src/call.cpp: one pass of the language's loop, by a comprehension or in C
#include "call.hpp"

namespace payoff::python {

Call Call::for_another_thread() const {
  Call call = *this;
  call.items = std::make_shared<Items>(items->all());  // a tuple of arguments is filled again
  if (rng_state != 0) {
    const auto copied = nb::cast<nb::tuple>(
        nb::module_::import_("payoff._rng").attr("copied")(nb::object(keywords["rng"])));
    nb::dict own;
    own["rng"] = copied[0];
    call.keywords = own;
    call.rng_state = nb::cast<std::uintptr_t>(copied[1]);
  }
  return call;
}

Pass::Pass(const Call& call, Strips::NextStrip next)
    : call_(call),
      iterator_(Strips::make(call.f, call.items, std::move(next))),
      strips_(Strips::of(iterator_)) {
  if (call.rng_state != 0) strips_.rekey(Rekey(call.rng_state));
}

Pass::~Pass() { strips_.close(); }

nb::object Pass::run() {
  const bool plain = call_.keywords.is_none();
  if (call_.each.is_none())
    return call_each(strips_, {.at_most = call_.count,
                               .keywords = plain ? nb::handle() : nb::handle(call_.keywords),
                               .rescue = call_.rescue,
                               .unfinished = &unfinished_});
  strips_.keep_list();
  const nb::object rng = plain ? nb::object() : nb::object(call_.keywords["rng"]);
  const nb::object results = nb::steal(unwound_no_further([&] {
    return PyObject_CallFunctionObjArgs(call_.each.ptr(), call_.f.ptr(), iterator_.ptr(), rng.ptr(),
                                        nullptr);
  }));
  if (results.is_valid()) return results;
  nb::python_error error;  // takes it
  unfinished_ = strips_.filled();
  throw error;
}

}  // namespace payoff::python
