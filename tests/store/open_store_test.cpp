#include <skald/store/open_store.hpp>

#include <tests/store/contract.hpp>

#include <fstream>
#include <string>

using namespace skald;
using namespace skald::test;

TEST_CASE("a store is opened by its URL") {
  const temporary_folder folder;
  const auto file = folder.path() / "events.db";
  must(must(open_store("sqlite:" + file.string()))->append(request("a", any, some_events(1, 1))));
  CHECK(std::filesystem::exists(file));
  CHECK(must(must(open_store("sqlite:" + file.string()))->head()) == position{1});
  CHECK(must(must(open_store("memory:"))->head()) == position{});
  CHECK(is_in_memory("memory:"));
  CHECK_FALSE(is_in_memory("sqlite:memory:"));
}

TEST_CASE("an unknown kind of store is refused in words that hold no password") {
  const auto opened = open_store("oracle://scott:tiger@example.org/events");
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == errc::invalid_argument);
  CHECK(opened.error().message.find("'oracle://scott:***@example.org/events'") != std::string::npos);
  CHECK(opened.error().message.find("tiger") == std::string::npos);
  for (const auto* url :
       {"postgresql:ada:tiger@h/x", "host=h password=tiger dbname=x", "ada:tiger@h", "pg:password = tiger"}) {
    const auto message = open_store(url).error().message;
    CHECK_MESSAGE(message.find("tiger") == std::string::npos, message);
    CHECK_MESSAGE(message.ends_with("...': give sqlite:FILE, postgresql://USER@HOST/DATABASE or memory:"), message);
  }
  CHECK(open_store("events.db").error().message.starts_with("there is no store 'events.db': "));
  CHECK(code_of(open_store("")) == errc::invalid_argument);
  CHECK(code_of(open_store("sqlite:")) == errc::invalid_argument);
}

TEST_CASE("a password of a URL is not shown, wherever it stands") {
  struct row {
    std::string url;
    std::string shown;
  };
  const row rows[] = {
    {"sqlite:a:b@c.db", "sqlite:a:b@c.db"},
    {"postgresql://host/db", "postgresql://host/db"},
    {"postgresql://host:5432/db", "postgresql://host:5432/db"},
    {"postgresql://user@host:5432/db", "postgresql://user@host:5432/db"},
    {"postgresql://user:secret@host/db", "postgresql://user:***@host/db"},
    {"postgresql://user:se@cr/et:@host/db", "postgresql://user:***@host/db"},
    {"postgresql://host/db?password=secret&user=u", "postgresql://host/db?password=***&user=u"},
    {"postgresql://host/db?sslpassword=x&password=secret", "postgresql://host/db?sslpassword=***&password=***"},
    {"postgresql:host=h password='my secret'", "postgresql:host=h password=***"},
    {"host=h password=secret dbname=x", "host=h password=*** dbname=x"},
    {"no 'x://h/d?password=secret': give another", "no 'x://h/d?password=***': give another"},
    {"", ""},
  };
  for (const auto& r : rows) CHECK(without_password(r.url) == r.shown);
}

TEST_CASE("a store that is not there is not made where that is not wanted") {
  const temporary_folder folder;
  const auto file = folder.path() / "events.db";
  store_options options;
  options.create = false;
  const auto missing = open_store("sqlite:" + file.string(), options);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == errc::open_failed);
  CHECK(missing.error().message.find("there is no such file") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(file));

  std::ofstream{file} << "";
  const auto empty = open_store("sqlite:" + file.string(), options);
  REQUIRE_FALSE(empty);
  CHECK(empty.error().message.find("the file is empty") != std::string::npos);
  CHECK(std::filesystem::file_size(file) == 0);

  must(open_store("sqlite:" + file.string()));
  must(open_store("sqlite:" + file.string(), options));
}
