"""How skald is built with Bazel: the same folders, files and include root as with CMake."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

_COPTS = [
    "-Wall",
    "-Wextra",
]
_LINKOPTS = ["-pthread"]

def skald_library(name, **kwargs):
    """A folder of the house: its headers are found as <skald/folder/...>, and only by those who depend on it."""
    cc_library(
        name = name,
        copts = _COPTS,
        include_prefix = "skald/" + name,
        visibility = ["//visibility:public"],
        **kwargs
    )

def skald_migrations(name, backend, versions):
    """The source that holds a backend's migrations, made of its schema/1.sql and so on."""
    files = ["%s/schema/%d.sql" % (backend, version) for version in range(1, versions + 1)]
    native.genrule(
        name = name,
        srcs = files,
        outs = [backend + "/migrations.cpp"],
        cmd = "$(location //scripts:embed-sql.sh) %s %s > $@" % (
            backend,
            " ".join(["$(location %s)" % file for file in files]),
        ),
        tools = ["//scripts:embed-sql.sh"],
    )

def skald_binary(name, copts = [], **kwargs):
    cc_binary(
        name = name,
        copts = _COPTS + copts,
        linkopts = _LINKOPTS,
        **kwargs
    )

def skald_test(name, deps = [], **kwargs):
    """The tests of one folder, which find each other's headers as <tests/...>."""
    cc_test(
        name = name,
        copts = _COPTS + ["-I."],
        linkopts = _LINKOPTS,
        deps = deps + ["//tests:main"],
        **kwargs
    )

def test_support(name, **kwargs):
    """Headers that tests share."""
    cc_library(
        name = name,
        testonly = True,
        visibility = ["//tests:__subpackages__"],
        **kwargs
    )

def system_library(name, linkopts = []):
    """A library of the distribution: its headers are where the compiler looks anyway."""
    cc_library(
        name = name,
        linkopts = linkopts,
        visibility = ["//visibility:public"],
        deps = ["//bazel:ignorelist"],
    )
