// src/tables/table.cpp: from cells to runs: choose the columns, check every value
#include "tables/table.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "report/shell.hpp"
#include "tables/columns.hpp"
#include "tables/numbers.hpp"
#include "text/format.hpp"

namespace payoff::tables {
namespace {

using Columns = std::vector<std::size_t>;

constexpr std::size_t names_shown = 8;
constexpr int only_when_asked = 9;  // ranks from here on

template <class Names>
std::string listed(const Names& names) {
  std::string out;
  std::size_t shown = 0;
  for (const auto& name : names) {
    if (shown == names_shown) return out + text::format(", … ({} in all)", names.size());
    out += text::format("{}{}", shown++ == 0 ? "" : ", ", name);
  }
  return out;
}

class Finder {
 public:
  Finder(const Sheet& sheet, const Query& query)
      : sheet_(sheet), query_(query), meanings_(meanings_of(sheet.names)) {}

  Table table() {
    if (sheet_.names.empty() || sheet_.rows() == 0) refuse_empty();
    keep_rows();
    choose_value();
    choose_workers();
    refuse_groups();
    Table out;
    out.name = sheet_.file;
    out.quantity = quantity_;
    out.n_column = sheet_.names[workers_];
    out.value_column = sheet_.names[value_];
    out.command = sheet_.command;
    out.warnings = sheet_.notes;
    out.warnings.insert(out.warnings.end(), notes_.begin(), notes_.end());
    for (const std::size_t row : rows_) take(row, out);
    if (failed_ > 0) out.warnings.push_back(runs(failed_) + " left out: the exit code is not 0");
    if (blank_ > 0) {
      out.warnings.push_back(
          text::format("{} left out: no value for '{}'", runs(blank_), out.value_column));
    }
    if (out.samples.empty())
      throw BadTable(text::format("{}: no run is left to fit", sheet_.file),
                     "look at the lines of the file: all of them failed or are blank");
    drop_useless_rounds(out);
    return out;
  }

 private:
  static std::string runs(std::size_t count) {
    return text::format("{} run{}", count, count == 1 ? " was" : "s were");
  }

  [[noreturn]] void refuse_empty() const {
    throw BadTable(text::format("{}: {}", sheet_.file,
                                sheet_.names.empty() ? "the file is empty" : "there are no runs"),
                   "a header line such as n,time_s and a line for each run, for example 1,10.2");
  }

  [[nodiscard]] std::string all_names() const { return listed(sheet_.names); }
  [[nodiscard]] std::string command(const std::string& options) const {
    return text::format("payoff fit {} {}",
                        report::quoted(sheet_.file == "stdin" ? "-" : sheet_.file), options);
  }

  [[nodiscard]] std::size_t named(const std::string& name, const char* option) const {
    const auto found = std::find(sheet_.names.begin(), sheet_.names.end(), name);
    if (found != sheet_.names.end()) return static_cast<std::size_t>(found - sheet_.names.begin());
    throw BadTable(text::format("{} has no column '{}' for {}", sheet_.file, name, option),
                   text::format("one of its columns: {}", all_names()));
  }

  // --- Rows: --where -----------------------------------------------------------------------------

  void keep_rows() {
    for (std::size_t row = 0; row < sheet_.rows(); ++row) rows_.push_back(row);
    for (const std::string& rule : query_.where) {
      const auto equals = rule.find('=');
      if (equals == std::string::npos) {
        throw BadTable(text::format("--where {} is not column=value", rule),
                       "--where machine=ARCHER");
      }
      const std::size_t column = named(rule.substr(0, equals), "--where");
      const std::string value = rule.substr(equals + 1);
      std::set<std::string_view> seen;
      std::erase_if(rows_, [&](std::size_t row) {
        const std::string_view cell = sheet_.cell(row, column);
        if (seen.size() < 100) seen.insert(cell);
        return cell != value;
      });
      if (rows_.empty()) {
        throw BadTable(text::format("no run of {} has {}", sheet_.file, rule),
                       text::format("one of its values: {}", listed(seen)));
      }
    }
  }

  // --- Columns -----------------------------------------------------------------------------------

  [[nodiscard]] Columns all(Role role) const {
    Columns found;
    for (std::size_t i = 0; i < meanings_.size(); ++i)
      if (meanings_[i].role == role && meanings_[i].rank < only_when_asked) found.push_back(i);
    return found;
  }

  // Those with the best rank.
  [[nodiscard]] Columns best(Columns columns) const {
    int rank = only_when_asked;
    for (const std::size_t column : columns) rank = std::min(rank, meanings_[column].rank);
    std::erase_if(columns, [&](std::size_t column) { return meanings_[column].rank > rank; });
    return columns;
  }

  [[nodiscard]] std::vector<std::string> names_of(const Columns& columns) const {
    std::vector<std::string> names;
    for (const std::size_t column : columns) names.push_back(sheet_.names[column]);
    return names;
  }

  [[noreturn]] void refuse_choice(const char* what, const char* option, const Columns& columns) {
    throw BadTable(
        text::format("{}: {} columns could be {}: {}", sheet_.file, columns.size(), what,
                     listed(names_of(columns))),
        "choose one: " +
            command(text::format("{} {}", option, report::quoted(sheet_.names[columns.front()]))));
  }

  void choose_value() {
    if (!query_.time.empty() && !query_.throughput.empty())
      throw BadTable("--time and --throughput cannot both be given", "one of the two");
    if (!query_.time.empty()) {
      value_ = named(query_.time, "--time");
      return;
    }
    if (!query_.throughput.empty()) {
      value_ = named(query_.throughput, "--throughput");
      quantity_ = Quantity::throughput;
      return;
    }
    const Columns times = best(all(Role::time));
    const Columns rates = best(all(Role::throughput));
    if (times.size() > 1) refuse_choice("the time", "--time", times);
    if (times.empty() && rates.size() > 1) refuse_choice("the throughput", "--throughput", rates);
    if (times.empty() && rates.empty()) refuse_no_value();
    value_ = times.empty() ? rates.front() : times.front();
    if (times.empty()) quantity_ = Quantity::throughput;
    if (!times.empty() && !rates.empty() && meanings_[rates.front()].rank < 8) {
      notes_.push_back(text::format("'{}' was taken for the time; '{}' is there too (--throughput)",
                                    sheet_.names[value_], sheet_.names[rates.front()]));
    }
    if (meanings_[value_].rank > 0 && meanings_[value_].rank < 8) {
      notes_.push_back(text::format("'{}' was taken for the {}", sheet_.names[value_],
                                    quantity_ == Quantity::time ? "time" : "throughput"));
    }
    if (meanings_[value_].rank == 8) {
      notes_.emplace_back(
          "only speed-ups are given: the times are in units of one worker's time, "
          "which the file does not say");
    }
  }

  [[noreturn]] void refuse_no_value() const {
    throw BadTable(
        text::format("{}: no column is called time or throughput; there are: {}", sheet_.file,
                     all_names()),
        text::format("say which it is: {} or --throughput COLUMN", command("--time COLUMN")));
  }

  [[nodiscard]] bool varies(std::size_t column) const {
    return std::any_of(rows_.begin(), rows_.end(), [&](std::size_t row) {
      return sheet_.cell(row, column) != sheet_.cell(rows_.front(), column);
    });
  }

  void choose_workers() {
    if (!query_.n.empty()) {
      workers_ = named(query_.n, "--n");
      return;
    }
    Columns found = all(Role::workers);
    if (found.empty()) {  // hyperfine's parameter, whatever its name
      for (std::size_t i = 0; i < sheet_.names.size(); ++i)
        if (sheet_.names[i].starts_with("parameter_") && meanings_[i].role == Role::other)
          found.push_back(i);
    }
    Columns varying = found;
    std::erase_if(varying, [&](std::size_t column) { return !varies(column); });
    found = best(varying.empty() ? found : varying);
    if (found.size() > 1) refuse_choice("the number of workers", "--n", found);
    if (found.empty()) {
      throw BadTable(text::format("{}: no column is called n, workers, threads, cores or the like; "
                                  "there are: {}",
                                  sheet_.file, all_names()),
                     "say which it is: " + command("--n COLUMN"));
    }
    workers_ = found.front();
  }

  // A column that tells whole series of runs apart: one law cannot describe several programs.
  [[nodiscard]] std::set<std::string_view> groups_in(std::size_t column) const {
    std::set<std::string_view> values;
    std::map<std::string_view, std::string_view> value_at_n;
    bool same_n_twice = false;
    for (const std::size_t row : rows_) {
      const std::string_view value = sheet_.cell(row, column);
      values.insert(value);
      if (values.size() * 2 > rows_.size()) return {};
      const auto [at, fresh] = value_at_n.emplace(sheet_.cell(row, workers_), value);
      same_n_twice = same_n_twice || (!fresh && at->second != value);
    }
    return same_n_twice ? values : std::set<std::string_view>{};
  }

  void refuse_groups() const {
    std::string found, options;
    for (std::size_t i = 0; i < sheet_.names.size(); ++i) {
      const Role role = meanings_[i].role;
      const bool asked =
          std::any_of(query_.where.begin(), query_.where.end(),
                      [&](const auto& rule) { return rule.starts_with(sheet_.names[i] + "="); });
      if (i == workers_ || i == value_ || asked) continue;
      if (role != Role::other && role != Role::machine) continue;
      const auto groups = groups_in(i);
      if (groups.empty()) continue;
      found +=
          text::format("{}{} is {}", found.empty() ? "" : "; ", sheet_.names[i], listed(groups));
      options += text::format(
          "{}--where {}", options.empty() ? "" : " ",
          report::quoted(text::format("{}={}", sheet_.names[i], sheet_.cell(rows_.front(), i))));
    }
    if (found.empty()) return;
    throw BadTable(text::format("{} has several series of runs: {}", sheet_.file, found),
                   "choose one: " + command(options));
  }

  // --- Values ------------------------------------------------------------------------------------

  // A time in seconds, or a throughput per second, checked.
  [[nodiscard]] seconds time_in(std::size_t row) const {
    const std::string cell(sheet_.cell(row, value_));
    const std::string& name = sheet_.names[value_];
    const bool rate = quantity_ == Quantity::throughput;
    const auto number = number_with_comma(cell);
    const auto value = rate     ? number
                       : number ? std::optional(*number * meanings_[value_].unit.count())
                                : seconds_in(cell, value_);
    if (!value) refuse_value(row, name, cell, rate ? "a number" : "a time");
    const seconds time{rate ? 1 / *value : *value};
    if (!(time.count() > 0) || !std::isfinite(time.count()))
      refuse_value(row, name, cell, rate ? "a throughput above zero" : "a time above zero");
    return time;
  }

  [[nodiscard]] std::optional<double> seconds_in(std::string_view cell, std::size_t column) const {
    const auto time = duration_of(cell, meanings_[column].unit);
    return time ? std::optional(time->count()) : std::nullopt;
  }

  // "10,2", where the cells do not end in commas.
  [[nodiscard]] static std::optional<double> number_with_comma(std::string_view cell) {
    const auto comma = cell.find(',');
    if (comma == std::string_view::npos || cell.find('.') != std::string_view::npos)
      return number_of(cell);
    std::string pointed(cell);
    pointed[comma] = '.';
    return number_of(pointed);
  }

  [[noreturn]] void refuse_value(std::size_t row, const std::string& name, const std::string& cell,
                                 const char* wanted) const {
    throw BadTable(text::format("{}: {} is '{}', which is not {}", sheet_.where(row), name,
                                cell.size() > 40 ? cell.substr(0, 40) + "…" : cell, wanted),
                   sheet_.place == Sheet::Place::line ? "correct the line, or put a # before it"
                                                      : "correct this item, or take it out");
  }

  void take(std::size_t row, Table& out) {
    laws::Sample sample;
    double cpu = 0;
    bool has_cpu = false;
    if (trimmed(sheet_.cell(row, value_)).empty()) {
      ++blank_;
      return;
    }
    for (std::size_t i = 0; i < meanings_.size(); ++i) {
      const std::string_view cell = sheet_.cell(row, i);
      if (i == workers_ || i == value_ || trimmed(cell).empty()) continue;
      switch (meanings_[i].role) {
        case Role::exit_code:
          if (number_of(cell) != 0.0) {
            ++failed_;
            return;
          }
          break;
        case Role::round:
          sample.round = round_in(cell);
          break;
        case Role::placement:
          if (sheet_.names[i] == "placement") {
            sample.placement = cell;
            break;
          }
          [[fallthrough]];
        case Role::machine:
        case Role::workers:  // nodes beside processes, threads beside nodes
          sample.placement +=
              text::format("{}{}={}", sample.placement.empty() ? "" : ", ", sheet_.names[i], cell);
          break;
        case Role::cpu:
          if (const auto time = cpu_in(cell, i); time && quantity_ == Quantity::time)
            cpu += *time, has_cpu = true;
          break;
        case Role::spread:
          if (const auto sd = number_with_comma(cell); sd && *sd > 0 && std::isfinite(*sd))
            sample.spread = seconds{*sd * unit_beside(i)};
          break;
        default:
          break;
      }
    }
    const std::string n(sheet_.cell(row, workers_));
    const auto workers = number_with_comma(n);
    if (!workers || !std::isfinite(*workers) || !(*workers > 0))
      refuse_value(row, sheet_.names[workers_], n, "a number of workers above zero");
    sample.workers = *workers;
    sample.time = time_in(row);
    if (has_cpu && cpu > 0) sample.cpu = seconds{cpu};
    if (sample.spread && quantity_ == Quantity::throughput)  // d(1/X) = dX / X^2
      sample.spread = *sample.spread * sample.time.count() * sample.time.count();
    if (sample.spread && !std::isfinite(sample.spread->count())) sample.spread.reset();
    out.samples.push_back(std::move(sample));
  }

  // Columns without a unit of their own are in that of the time.
  [[nodiscard]] double unit_beside(std::size_t column) const {
    if (quantity_ == Quantity::throughput) return 1;
    const Meaning& own = meanings_[column];
    return (own.has_unit ? own : meanings_[value_]).unit.count();
  }

  [[nodiscard]] std::optional<double> cpu_in(std::string_view cell, std::size_t column) const {
    const auto time = duration_of(cell, seconds{unit_beside(column)});
    return time && time->count() >= 0 && std::isfinite(time->count()) ? std::optional(time->count())
                                                                      : std::nullopt;
  }

  static int round_in(std::string_view cell) {
    const auto value = number_of(cell);
    const bool counts = value && *value >= 0 && *value < 1e6 && *value == std::floor(*value);
    return counts ? static_cast<int>(*value) + 1 : 0;  // some count from 0; 0 means unknown
  }

  // Rounds are for pairing: useless if an N is in one twice, or if all hold a single N.
  static void drop_useless_rounds(Table& table) {
    std::set<std::pair<int, double>> seen;
    std::map<int, int> size;
    bool usable = true;
    for (const laws::Sample& sample : table.samples) {
      usable = usable && sample.round > 0 && seen.emplace(sample.round, sample.workers).second;
      ++size[sample.round];
    }
    usable = usable && std::any_of(size.begin(), size.end(),
                                   [](const auto& round) { return round.second > 1; });
    if (usable) return;
    for (laws::Sample& sample : table.samples) sample.round = 0;
  }

  const Sheet& sheet_;
  const Query& query_;
  std::vector<Meaning> meanings_;
  std::vector<std::size_t> rows_;
  std::vector<std::string> notes_;
  std::size_t workers_ = 0, value_ = 0, failed_ = 0, blank_ = 0;
  Quantity quantity_ = Quantity::time;
};

}  // namespace

Table table_of(const Sheet& sheet, const Query& query) { return Finder(sheet, query).table(); }

Table read(std::string_view text, const std::string& name, const Query& query) {
  if (text.size() > most_bytes) refuse_size(name, "more than 64 MiB");
  if (text.find('\0') != std::string_view::npos) {
    throw BadTable(text::format("{} is not a text file", name),
                   "save it as CSV, TSV or JSON in UTF-8");
  }
  std::string_view start = text;
  if (start.starts_with("\xEF\xBB\xBF")) start.remove_prefix(3);
  start.remove_prefix(std::min(start.find_first_not_of(" \t\r\n"), start.size()));
  const bool is_json = start.starts_with('{') || start.starts_with('[');
  return table_of(is_json ? read_json(text, name) : read_delimited(text, name), query);
}

}  // namespace payoff::tables
