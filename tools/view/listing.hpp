#pragma once

#include "../text.hpp"

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tools {

/// Shows things one after the other: as JSON, one a line, or for people as rows of a table.
class listing {
public:
  using row = std::vector<std::string>;

  /// Headings that start with `>` stand over columns of numbers.
  listing(std::ostream& out, bool for_people, row headings)
    : out_{out}, for_people_{for_people}, table_{std::move(headings)} {}

  /// `json` and `cells` make the one or the other.
  template <class Json, class Cells>
  void add(Json json, Cells cells) {
    if (!for_people_) {
      out_ << json() << '\n';
      return;
    }
    empty_ = false;
    rows_.push_back(cells());
    if (rows_.size() == rows_at_once) flush();
  }

  /// The end of the list: people are told `nothing` where nothing was in it.
  void end(std::string_view nothing);

  /// Writes what there is. The next rows stand in the same columns, which may have to be wider.
  void flush();

private:
  static constexpr std::size_t rows_at_once = 1000;

  std::ostream& out_;
  bool for_people_;
  growing_table table_;
  std::vector<row> rows_;
  bool empty_ = true;
};

} // namespace tools
