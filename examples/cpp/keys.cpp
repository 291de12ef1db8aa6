// examples/cpp/keys.cpp: counts 1 000 names in every line of Python's library, by Aho-Corasick
#include <payoff/payoff.hpp>

#include "text.hpp"

// `next` adds a letter to the longest beginning of a key that the line ends with.
class Automaton {
 public:
  explicit Automaton(const std::vector<std::string>& keys) : nodes_(1) {
    for (const std::string& key : keys) {
      std::size_t at = 0;
      for (const char c : key) {
        const std::size_t next = nodes_[at].next[letter(c)];
        if (next == 0) nodes_.emplace_back();
        at = nodes_[at].next[letter(c)] = next == 0 ? nodes_.size() - 1 : next;
      }
      nodes_[at].length = static_cast<int>(key.size());
    }
    std::vector<std::size_t> back(nodes_.size(), 0), queue{0};  // breadth first
    for (std::size_t i = 0; i < queue.size(); ++i)
      for (std::size_t c = 0; c < kLetters; ++c) {
        std::size_t& next = nodes_[queue[i]].next[c];
        const std::size_t fall = queue[i] == 0 ? 0 : nodes_[back[queue[i]]].next[c];
        if (next != 0) queue.push_back(next);
        (next == 0 ? next : back[next]) = fall;
      }
  }

  int operator()(const std::string& line) const {
    int count = 0, since = 0;  // letters since the last match
    std::size_t at = 0;
    for (const char c : line) {
      at = nodes_[at].next[letter(c)], ++since;
      if (nodes_[at].length > 0 && nodes_[at].length <= since) ++count, since = 0;
    }
    return count;
  }

 private:
  struct Node {
    std::array<std::size_t, kLetters> next{};
    int length = 0;  // of the key that ends here; none is a part of another
  };
  std::vector<Node> nodes_;
};

int main(int argc, char** argv) {
  const Text text = read_text(argc, argv);
  const Automaton count(text.keys);
  const auto [counts, receipt] = payoff::run(payoff::transform, text.lines, count);
  const int found = std::accumulate(counts.begin(), counts.end(), 0);
  std::printf("%zu names in %zu lines: %d found\n\n", text.keys.size(), counts.size(), found);
  std::fputs(payoff::text(receipt).c_str(), stdout);

  bool right = found > 0;
  for (std::size_t i = 0; i < counts.size(); i += 1 + counts.size() / 300)
    right = right && counts[i] == slowly(text.lines[i], text.keys);
  if (!right) std::fputs("error: a line is not counted as by a search for each key\n", stderr);
  return right ? 0 : 1;
}
