#include <benchmarks/statistics.hpp>

#include <doctest/doctest.h>

namespace {

TEST_CASE("the median is the value in the middle, or the mean of the two there") {
  CHECK(bench::median({3}) == 3);
  CHECK(bench::median({9, 1, 5}) == 5);
  CHECK(bench::median({4, 1, 9, 2}) == 3);
}

TEST_CASE("the interval of a median has the ranks and the confidence of the binomial distribution") {
  struct row {
    std::size_t count, low, high;
    double confidence;
  };
  // The confidences are reckoned exactly, in fractions of 2^count.
  for (const auto& r : {row{6, 1, 6, 0.96875}, row{15, 4, 12, 0.96484375}, row{21, 6, 16, 0.9733963012695312},
                        row{1000, 469, 532, 0.9537088026395019}, row{1001, 470, 532, 0.9500154764972458},
                        row{1075, 505, 571, 0.9559335206201514}, row{10'000, 4902, 5099, 0.9511670501036181}}) {
    CAPTURE(r.count);
    const auto found = bench::interval_of_median(r.count);
    REQUIRE(found.has_value());
    CHECK(found->low == r.low);
    CHECK(found->high == r.high);
    CHECK(found->confidence == doctest::Approx(r.confidence).epsilon(1e-9));
  }
}

TEST_CASE("fewer than six values have no interval of 95 %") {
  for (std::size_t count = 0; count < 6; ++count) CHECK(!bench::interval_of_median(count));
}

} // namespace
