"""What Bazel 4 itself loads of rules_java while it looks for toolchains."""

java_import = native.java_import
java_runtime = native.java_runtime
java_toolchain = native.java_toolchain
