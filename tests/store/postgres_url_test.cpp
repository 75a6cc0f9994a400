#include <skald/store/postgres/url.hpp>

#include <doctest/doctest.h>
#include <tests/store/printing.hpp>

#include <string>

using namespace skald;
using skald::detail::postgres_url;

TEST_CASE("postgres: a URL is libpq's, but for what is ours") {
  const std::string ours = "connect_timeout=30&fallback_application_name=skald";
  struct row {
    const char* url;
    std::string uri;
    std::string shown;
    std::string schema;
    int deadline;
  };
  const row rows[] = {
    {"postgresql://", "postgresql://?" + ours, "postgresql://", "skald", 30'000},
    {"postgres://u@h/d", "postgres://u@h/d?" + ours, "postgres://u@h/d", "skald", 30'000},
    {"postgresql://u:secret@h:5433/d", "postgresql://u:secret@h:5433/d?" + ours, "postgresql://u@h:5433/d", "skald",
     30'000},
    {"postgresql://h1:1,h2:2/d?sslmode=require&schema=s", "postgresql://h1:1,h2:2/d?sslmode=require&" + ours,
     "postgresql://h1:1,h2:2/d", "s", 30'000},
    {"postgresql://[::1]:7/d?schema=a%20%22b%22&password=secret", "postgresql://[::1]:7/d?password=secret&" + ours,
     "postgresql://[::1]:7/d", "a \"b\"", 30'000},
    {"postgresql:///d?deadline=1500&schema=gr%C3%B6%c3%9Fe&host=/tmp",
     "postgresql:///d?host=/tmp&connect_timeout=2&fallback_application_name=skald", "postgresql:///d", "größe", 1500},
    {"postgresql:///d?connect_timeout=9&fallback_application_name=x&deadline=1",
     "postgresql:///d?connect_timeout=9&fallback_application_name=x", "postgresql:///d", "skald", 1},
    {"postgresql://h?user=me@corp", "postgresql://h?user=me@corp&" + ours, "postgresql://h", "skald", 30'000},
  };
  for (const auto& row : rows) {
    CAPTURE(row.url);
    CHECK(postgres_url::names(row.url));
    const auto parsed = postgres_url::parse(row.url);
    REQUIRE_MESSAGE(parsed, parsed.error().message);
    CHECK(parsed->uri == row.uri);
    CHECK(parsed->shown == row.shown);
    CHECK(parsed->schema == row.schema);
    CHECK(parsed->deadline == std::chrono::milliseconds{row.deadline});
  }
  for (const auto* other : {"", "postgresql:", "postgresql:/x", "sqlite:a.db", "memory:", "POSTGRESQL://"})
    CHECK_FALSE(postgres_url::names(other));
}

TEST_CASE("postgres: a URL that is not understood is refused, and shows nothing of a password") {
  const std::string urls[] = {
    "postgresql://u:s3cr3t@s3cr3t@h/d",
    "postgresql://u:s3cr3t/s3cr3t@h/d",
    "postgresql://u:s3cr3t?s3cr3t@h/d",
    "postgresql://u:s3cr3t@h/d?schema=",
    "postgresql://u:s3cr3t@h/d?schema=%zz",
    "postgresql://u:s3cr3t@h/d?schema=a%0",
    "postgresql://u:s3cr3t@h/d?schema=a%00b",
    "postgresql://u:s3cr3t@h/d?schema=pg_x",
    "postgresql://u:s3cr3t@h/d?schema=%ff",
    "postgresql://u:s3cr3t@h/d?schema=" + std::string(64, 'x'),
    "postgresql://u:s3cr3t@h/d?deadline=",
    "postgresql://u:s3cr3t@h/d?deadline=0",
    "postgresql://u:s3cr3t@h/d?deadline=-1",
    "postgresql://u:s3cr3t@h/d?deadline=5s",
    "postgresql://u:s3cr3t@h/d?deadline=1e9",
    "postgresql://u:s3cr3t@h/d?deadline=99999999999999999999",
    "postgresql://u:s3cr3t@h/d?password=x&s3cr3t",
    "postgresql://u:s3cr3t@h:0/d",
    "postgresql://u:s3cr3t@h:1,[::1]:65536/d",
    "postgresql://u:s3cr3t",
    "postgresql://u:s3cr3t/d",
    "mysql://u:s3cr3t@h/d",
    std::string{"postgresql://u:s3cr3t@h/d\0x", 27},
  };
  for (const auto& url : urls) {
    CAPTURE(url);
    const auto parsed = postgres_url::parse(url);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == errc::invalid_argument);
    CHECK_MESSAGE(parsed.error().message.find("s3cr3t") == std::string::npos, parsed.error().message);
  }
}

TEST_CASE("postgres: what a message repeats of a password is taken out") {
  const auto parsed = postgres_url::parse("postgresql://u:pa%24%24@h/d?sslpassword=key&pass%77ord=other").value();
  CHECK(parsed.without_secrets("no: 'postgresql://u:pa%24%24@h', pa$$ or key, pa$$pa$$, other") ==
        "no: 'postgresql://u:***@h', *** or ***, ******, ***");
  CHECK(parsed.without_secrets("nothing") == "nothing");
}
