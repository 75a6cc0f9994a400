#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>
#include <examples/fines/money.hpp>
#include <examples/fines/table.hpp>
#include <tests/store/contract.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

/// How a failed check shows a row.
namespace doctest {

template <>
struct StringMaker<fines::year_of_fines> {
  static String convert(const fines::year_of_fines& y) {
    std::string text = std::to_string(y.year);
    for (const auto n : {y.fines, y.settled, y.charged, y.paid}) text += ' ' + std::to_string(n);
    return text.c_str();
  }
};

} // namespace doctest

namespace {

using namespace fines;
using years = std::vector<year_of_fines>;

skald::record at(std::uint64_t position, std::string stream = "fine-1", std::string day = "2015-04-20") {
  skald::record r;
  r.id = skald::test::id(position);
  r.stream = skald::stream_id{std::move(stream)};
  r.position = skald::position{position};
  r.created = skald::timestamp::parse(day + "T22:00:00.000Z").value();
  return r;
}

created of_amount(cents amount) {
  created e;
  e.amount_cents = amount;
  return e;
}

/// A file in a folder of its own.
struct table_file {
  skald::test::temporary_folder folder;
  std::filesystem::path file = folder.path() / "fines-by-year.db";
};

std::string why_not(const std::filesystem::path& file) {
  try {
    read_model{file};
  } catch (const std::runtime_error& why) {
    return why.what();
  }
  return "it was opened";
}

/// What somebody would find in `file` if this process died now.
years found_after_a_crash(const std::filesystem::path& file) {
  const skald::test::temporary_folder copy;
  for (const auto& part : std::filesystem::directory_iterator{file.parent_path()})
    if (!part.path().filename().string().ends_with("-shm"))
      std::filesystem::copy_file(part, copy.path() / part.path().filename());
  return read_model{copy.path() / file.filename()}.years();
}

} // namespace

TEST_CASE("the table adds up fines by the year they were created in, each event once") {
  const table_file place;
  read_model table{place.file};
  const auto all = [&] {
    table.apply(at(1), of_amount(1000));
    table.apply(at(2), sent{200});
    table.apply(at(3), paid{300, 300});
    table.apply(at(4), penalty_added{2000});
    table.apply(at(5, "fine-2", "2016-01-01"), of_amount(50));
    table.apply(at(6, "fine-2", "2017-01-01"), paid{50, 50});
    for (std::uint64_t i = 1; i <= 6; ++i) table.count(at(i, i < 5 ? "fine-1" : "fine-2"));
    table.commit();
  };
  const years expected{{2015, 1, 0, 2200, 300}, {2016, 1, 1, 50, 50}};
  all();
  CHECK(table.years() == expected);
  CHECK(table.counted() == 6);
  all(); // as after a crash before the checkpoint
  CHECK(table.years() == expected);
  CHECK(table.counted() == 6);
}

TEST_CASE("the table keeps what was committed, and knows whose events they were") {
  const table_file place;
  {
    read_model table{place.file};
    CHECK(table.first_event_when_opened().empty());
    CHECK(table.last_when_opened() == skald::position{});
    table.apply(at(1), of_amount(1000));
    table.count(at(1));
    table.commit();
    table.apply(at(2), paid{300, 300});
  }
  read_model table{place.file};
  CHECK(table.years() == years{{2015, 1, 0, 1000, 0}});
  CHECK(table.first_event_when_opened() == skald::test::id(1).str());
  CHECK(table.last_when_opened() == skald::position{1});

  table.clear();
  CHECK(table.years().empty());
  CHECK(table.counted() == 0);
}

TEST_CASE("a handler of the table ends when its change is durable, and others share its commit") {
  const table_file place;
  const auto table = std::make_shared<read_model>(place.file);
  const shared_table shared{table};
  boost::asio::io_context context;
  std::vector<years> found;
  const auto handle = [&](std::uint64_t position, std::string stream) -> skald::task<void> {
    const auto record = std::make_shared<const skald::record>(at(position, std::move(stream)));
    skald::record_of<created> r{of_amount(100), record, skald::delivery::fresh};
    co_await shared_table::apply(shared, std::move(r));
    found.push_back(found_after_a_crash(place.file));
  };
  for (std::uint64_t i = 1; i <= 3; ++i)
    boost::asio::co_spawn(context, handle(i, "fine-" + std::to_string(i)), boost::asio::detached);
  context.run();
  CHECK(found == std::vector(3, years{{2015, 3, 0, 300, 0}}));
}

TEST_CASE("a table that cannot be used is named with the reason and what to do") {
  const table_file place;
  const auto write = [&](const std::string& text) { std::ofstream{place.file} << text; };
  const auto starts = "the table of fines '" + place.file.string() + "' cannot be used: ";

  SUBCASE("no database") {
    write(std::string(5000, 'x'));
    CHECK(why_not(place.file) ==
          starts + "file is not a database; move it away, and it is built again from the events");
  }
  SUBCASE("another program's database") {
    skald::test::must(skald::open_sqlite_store(place.file, {}));
    CHECK(why_not(place.file) == starts + "it is another program's database; give another folder with --data");
  }
  SUBCASE("in use") {
    const read_model other{place.file};
    CHECK(why_not(place.file) ==
          starts + "another run of this program uses it; wait for its end, or give another folder with --data");
  }
  SUBCASE("in a folder that is missing") {
    const auto file = place.folder.path() / "none" / "fines-by-year.db";
    CHECK(why_not(file) == "the table of fines '" + file.string() +
                             "' cannot be used: unable to open database file; see that the folder is there and can be "
                             "written to");
  }
}

TEST_CASE("people get numbers as they write them") {
  struct row {
    cents amount;
    std::string text;
  };
  for (const auto& r : {row{0, "0.00"}, row{5, "0.05"}, row{-5, "-0.05"}, row{99999, "999.99"}, row{100000, "1,000.00"},
                        row{-123456789, "-1,234,567.89"}})
    CHECK(money(r.amount) == r.text);
}

TEST_CASE("the table has a line for each year and their sum") {
  CHECK(table_of({{2015, 1, 0, 220000, 300}, {2016, 2, 1, 50, 50}}) ==
        "Year    Fines   Settled    Charged   Paid   Outstanding\n"
        "-------------------------------------------------------\n"
        "2015        1         0   2,200.00   3.00      2,197.00\n"
        "2016        2         1       0.50   0.50          0.00\n"
        "-------------------------------------------------------\n"
        "Total       3         1   2,200.50   3.50      2,197.00\n");
}
