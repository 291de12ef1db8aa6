// src/scale/command.hpp: the user's command with {n} in it, as it is run with n workers
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace payoff::scale {

using Variable = std::pair<std::string, std::string>;

// Variables by which libraries choose their number of threads behind the program's back.
[[nodiscard]] const std::vector<std::string>& thread_variables();

// What is set to 1 beside the variables that carry n, so that nothing but n brings threads: the
// thread variables that the user has not set, and only if the user named one that carries n. What
// follows a carrier by itself stays as it is: OpenBLAS, MKL, BLIS and numexpr take OMP_NUM_THREADS
// where their own variable is missing, and OpenMP is left to a program that steers them.
[[nodiscard]] std::vector<Variable> held_at_one(const std::vector<std::string>& carriers,
                                                const std::vector<Variable>& environment);

class Command {
 public:
  // One word with a blank in it is a line for the shell. `carriers` are "NAME" (which gets n) or
  // "NAME=text with {n}". Throws Refused: no words, nothing that depends on n, a program that is
  // not there or may not be run.
  Command(std::vector<std::string> words, const std::vector<std::string>& carriers,
          std::vector<Variable> environment);

  // A line for the shell in which nothing stands for n: the serial program.
  [[nodiscard]] static Command fixed(const std::string& line, std::vector<Variable> environment);

  // The program's path. Throws Refused where its name depends on n and it is not there.
  [[nodiscard]] std::string file(int n) const;
  [[nodiscard]] std::vector<std::string> words(int n) const;
  [[nodiscard]] std::vector<std::string> environment(int n) const;  // "NAME=value"
  // What can be typed into a shell to get the run with n.
  [[nodiscard]] std::string line(int n) const;
  // The same with {n} left in it: the subject of the answer.
  [[nodiscard]] std::string title() const;
  [[nodiscard]] const std::vector<std::string>& template_words() const { return typed_; }
  // Set by us, with {n} in the values: the carriers, and what is held at 1.
  [[nodiscard]] const std::vector<Variable>& set_variables() const { return set_; }

 private:
  Command() = default;
  void find();

  std::vector<std::string> typed_;  // as the user gave them
  std::vector<std::string> words_;  // as they are run
  std::vector<Variable> set_;
  std::vector<Variable> environment_;
};

// As execvp(3) looks: a name with a slash is a path, all others are on the PATH of `environment`.
// Throws Refused: it is not there, or may not be run.
[[nodiscard]] std::string find_program(const std::string& name,
                                       const std::vector<Variable>& environment);

// The environment of this process.
[[nodiscard]] std::vector<Variable> own_environment();
[[nodiscard]] std::string with_n(std::string text, int n);

}  // namespace payoff::scale
