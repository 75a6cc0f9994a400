#include "../text.hpp"
#include "csv_rows.hpp"
#include <skald/store/quoted.hpp>
#include <skald/store/result.hpp>

#include <algorithm>

namespace tools {

namespace {

[[noreturn]] void refuse(const std::string& why) { throw skald::failure{skald::errc::invalid_argument, why}; }

std::string json_of(const std::string& text) {
  try {
    return quoted(text);
  } catch (const skald::failure&) {
    refuse("the field " + skald::detail::in_quotes(text) + " is not UTF-8: convert the log first (iconv -t utf-8)");
  }
}

} // namespace

std::optional<std::string> csv_rows::next() {
  if (columns_.empty()) read_header();
  if (columns_.empty() || !read_row(columns_.size())) return {};
  if (row_.size() != columns_.size())
    refuse("the row has " + counted(row_.size(), "field") + ", and the first row names " +
           counted(columns_.size(), "column"));
  std::string object = "{";
  for (std::size_t i = 0; i < row_.size(); ++i) {
    if (i != 0) object += ',';
    object += columns_[i] + ':';
    object += row_[i].text.empty() && !row_[i].is_quoted ? "null" : json_of(row_[i].text);
  }
  return object + '}';
}

void csv_rows::read_header() {
  try {
    if (!read_row(most_columns)) return;
    for (const auto& name : row_) {
      auto json = json_of(name.text);
      if (std::ranges::find(columns_, json) != columns_.end())
        refuse("the column " + skald::detail::in_quotes(name.text) + " stands twice: give each another name");
      columns_.push_back(std::move(json));
    }
  } catch (const skald::failure& why) {
    if (why.code() == skald::errc::read_failed) throw;
    throw skald::failure{skald::errc::read_failed, "reading " + lines_.name() + ": line " + std::to_string(line_) +
                                                     ", which names the columns: " + why.what()};
  }
}

bool csv_rows::read_row(std::size_t most_fields) {
  row_.clear();
  auto line = lines_.next();
  while (line && (line->text.empty() || line->text == "\r")) line = lines_.next();
  if (!line) return false;
  line_ = line->number;
  bytes_ = line->text.size();
  if (line->too_long) refuse("the line is longer than any event may be");
  for (auto rest = line->text;; rest.remove_prefix(1)) {
    if (row_.size() == most_fields)
      refuse("the row has more than " + counted(most_fields, "field") + ": put a field that has commas into quotes");
    if (rest.starts_with('"')) {
      row_.push_back(read_quoted(rest));
    } else {
      auto text = rest.substr(0, rest.find(','));
      rest.remove_prefix(text.size());
      if (rest.empty() && text.ends_with('\r')) text.remove_suffix(1);
      if (text.find('"') != std::string_view::npos)
        refuse("there is a quote inside the field " + skald::detail::in_quotes(text) +
               ": put the field into quotes, and write the quote twice");
      row_.push_back({std::string{text}, false});
    }
    if (rest.empty()) return true;
  }
}

csv_rows::field csv_rows::read_quoted(std::string_view& rest) {
  field read{{}, true};
  rest.remove_prefix(1);
  for (;;) {
    const auto end = rest.find('"');
    read.text += rest.substr(0, end);
    if (end == std::string_view::npos) {
      read.text += '\n';
      const auto line = lines_.next();
      if (!line) refuse("a quote is opened in this row, and not closed before the log ends");
      bytes_ += line->text.size();
      if (line->too_long || bytes_ > line_reader::most_line_bytes)
        refuse("a quote is opened in this row, which is then longer than any event may be: close it");
      rest = line->text;
      continue;
    }
    rest.remove_prefix(end + 1);
    if (!rest.starts_with('"')) break;
    read.text += '"';
    rest.remove_prefix(1);
  }
  if (rest == "\r") rest = {};
  if (!rest.empty() && rest.front() != ',')
    refuse("there is more after the quotes of the field " + skald::detail::in_quotes(read.text) +
           ": write a quote inside a field twice");
  return read;
}

} // namespace tools
