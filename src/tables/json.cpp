// src/tables/json.cpp: runs in JSON: lists of objects, objects of lists, hyperfine's, payoff's own
#include <algorithm>
#include <nlohmann/json.hpp>

#include "tables/sheet.hpp"
#include "text/format.hpp"

namespace payoff::tables {
namespace {

using json = nlohmann::ordered_json;

constexpr const char* accepted =
    R"(a list of runs like [{"n": 1, "time_s": 10.2}, …], or lists like {"n": [1, 2], "time_s": )"
    R"([10.2, 5.6]})";

std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return text::format("{}", value.get<double>());
  if (value.is_number() || value.is_boolean()) return value.dump();
  return "";
}

const json* find(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

class Rows {
 public:
  explicit Rows(Sheet& sheet) : sheet_(sheet) {}

  std::size_t column(const std::string& name) {
    const auto found = std::find(sheet_.names.begin(), sheet_.names.end(), name);
    if (found == sheet_.names.end() && sheet_.names.size() == most_columns)
      refuse_size(sheet_.file, "more than 256 columns");
    if (found == sheet_.names.end())
      return sheet_.names.emplace_back(name), sheet_.names.size() - 1;
    return static_cast<std::size_t>(found - sheet_.names.begin());
  }
  // All columns must be known by now.
  void begin(std::size_t item) {
    if (sheet_.rows() == most_rows) refuse_size(sheet_.file, "more than 1,000,000 runs");
    if (sheet_.cells.size() + sheet_.names.size() > most_cells)
      refuse_size(sheet_.file, "more than 8,000,000 values");
    sheet_.lines.push_back(item);
    sheet_.cells.resize(sheet_.cells.size() + sheet_.names.size());
  }
  void put(const std::string& name, std::string value) {
    const std::size_t at = sheet_.cells.size() - sheet_.names.size() + column(name);
    sheet_.cells[at] = sheet_.owned.emplace_back(std::move(value));
  }

 private:
  Sheet& sheet_;
};

void read_list(const json& list, Sheet& sheet) {
  Rows rows(sheet);
  std::size_t item = 0;
  for (const json& run : list) {
    ++item;
    if (!run.is_object()) {
      throw BadTable(text::format("{}, item {}: not an object with names", sheet.file, item),
                     accepted);
    }
    for (const auto& [key, value] : run.items()) (void)rows.column(key);
  }
  item = 0;
  for (const json& run : list) {
    rows.begin(++item);
    for (const auto& [key, value] : run.items()) rows.put(key, text_of(value));
  }
}

void read_lists(const json& object, Sheet& sheet) {
  Rows rows(sheet);
  std::size_t length = 0;
  std::string first;
  for (const auto& [key, list] : object.items()) {
    if (!list.is_array()) continue;
    if (first.empty()) length = list.size(), first = key;
    if (list.size() != length) {
      throw BadTable(text::format("{}: '{}' has {} values but '{}' has {}", sheet.file, first,
                                  length, key, list.size()),
                     "give both lists one value for each run");
    }
    (void)rows.column(key);
  }
  if (sheet.names.empty())
    throw BadTable(text::format("{}: no list of runs in this JSON", sheet.file), accepted);
  for (std::size_t item = 0; item < length; ++item) {
    rows.begin(item + 1);
    for (const std::string& name : std::vector<std::string>(sheet.names))
      rows.put(name, text_of(object.at(name).at(item)));
  }
}

void note_left_out(std::size_t count, const char* why, Sheet& sheet) {
  if (count == 0) return;
  sheet.notes.push_back(
      text::format("{} run{} left out: {}", count, count == 1 ? " was" : "s were", why));
}

// What `payoff scale` writes.
void read_runs(const json& object, Sheet& sheet) {
  constexpr const char* wanted[] = {"n", "time", "round", "placement", "cpu"};
  Rows rows(sheet);
  for (const char* name : wanted) (void)rows.column(name);
  std::size_t item = 0, unused = 0, failed = 0;
  for (const json& run : object.at("runs")) {
    ++item;
    // A warm-up is discarded, and --serial CMD is another program.
    const json* kind = find(run, "kind");
    if (kind != nullptr && (*kind == json("warm-up") || *kind == json("serial"))) continue;
    const json* used = find(run, "used");
    const json* exit = find(run, "exit");
    if (used != nullptr && *used == json(false)) {
      ++unused;
      continue;
    }
    if (exit != nullptr && exit->is_number() && *exit != json(0)) {
      ++failed;
      continue;
    }
    rows.begin(item);
    for (const char* name : wanted)
      if (const json* value = find(run, name)) rows.put(name, text_of(*value));
  }
  note_left_out(unused, "marked as not used when they were measured", sheet);
  note_left_out(failed, "the command failed in them", sheet);
  if (const json* command = find(object, "command"); command != nullptr && command->is_array()) {
    for (const json& word : *command)
      sheet.command += (sheet.command.empty() ? "" : " ") + text_of(word);
  }
}

// hyperfine --export-json: each result has the times of its runs, but user and system time only as
// means over them.
void read_hyperfine(const json& results, Sheet& sheet) {
  Rows rows(sheet);
  for (const json& result : results)
    if (const json* parameters = find(result, "parameters"); parameters && parameters->is_object())
      for (const auto& [key, value] : parameters->items()) (void)rows.column("parameter_" + key);
  if (sheet.names.empty()) {
    throw BadTable(
        text::format("{}: these hyperfine results have no parameter, so no number of "
                     "workers",
                     sheet.file),
        "hyperfine --export-json FILE --parameter-list threads 1,2,4 'COMMAND {threads}'");
  }
  for (const char* name : {"time_s", "cpu_s"}) (void)rows.column(name);
  std::size_t item = 0, failed = 0;
  for (const json& result : results) {
    ++item;
    const json* times = find(result, "times");
    const json* codes = find(result, "exit_codes");
    const json* user = find(result, "user");
    const json* system = find(result, "system");
    if (times == nullptr || !times->is_array()) {
      throw BadTable(
          text::format("{}, item {}: a hyperfine result without times", sheet.file, item),
          "write the file again with hyperfine --export-json");
    }
    for (std::size_t run = 0; run < times->size(); ++run) {
      if (codes != nullptr && codes->is_array() && run < codes->size() &&
          (*codes)[run] != json(0)) {
        ++failed;
        continue;
      }
      rows.begin(item);
      if (const json* parameters = find(result, "parameters");
          parameters && parameters->is_object())
        for (const auto& [key, value] : parameters->items())
          rows.put("parameter_" + key, text_of(value));
      rows.put("time_s", text_of((*times)[run]));
      if (user != nullptr && system != nullptr && user->is_number() && system->is_number())
        rows.put("cpu_s", text::format("{}", user->get<double>() + system->get<double>()));
    }
  }
  note_left_out(failed, "the command failed in them", sheet);
  sheet.notes.emplace_back(
      "hyperfine measures all runs of one command before the next: a machine that grows slower "
      "looks like an effect of n; `payoff scale` measures in rounds");
}

json parse(std::string_view text, const std::string& file) {
  try {
    return json::parse(text);
  } catch (const json::parse_error& error) {
    const auto before = text.substr(0, std::min(error.byte, text.size()));
    throw BadTable(text::format("{}:{}: this is not valid JSON", file,
                                1 + std::count(before.begin(), before.end(), '\n')),
                   accepted);
  } catch (const json::out_of_range&) {  // 1e999
    throw BadTable(text::format("{}: a number is too large", file),
                   "give times in seconds, or name their unit in the key, as in time_ms");
  }
}

}  // namespace

Sheet read_json(std::string_view text, const std::string& file) {
  if (text.size() > most_bytes) refuse_size(file, "more than 64 MiB");
  const json all = parse(text, file);
  Sheet sheet;
  sheet.file = file;
  sheet.place = Sheet::Place::item;
  const json* runs = find(all, "runs");
  const json* results = find(all, "results");
  if (all.is_array()) {
    read_list(all, sheet);
  } else if (!all.is_object()) {
    throw BadTable(text::format("{}: no runs in this JSON", file), accepted);
  } else if (runs != nullptr && runs->is_array() && find(all, "kind") != nullptr) {
    read_runs(all, sheet);
  } else if (results != nullptr && results->is_array()) {
    read_hyperfine(*results, sheet);
  } else if (runs != nullptr && runs->is_array()) {
    read_list(*runs, sheet);
  } else {
    read_lists(all, sheet);
  }
  return sheet;
}

}  // namespace payoff::tables
