#pragma once

#include <skald/store/event_store.hpp>
#include <skald/store/sqlite/connection.hpp>

#include <filesystem>
#include <memory>

/// Not for users, and not installed.
namespace skald::detail::sqlite {

/// Creates the file if there is none, for this user alone. SQLite would let others read it. Throws `open_failed`.
void create_file(const std::filesystem::path& file, bool wanted);

/// Opens a file, and makes its tables or migrates them to the newest version. Throws `open_failed`.
[[nodiscard]] std::unique_ptr<connection> open_for_writing(const std::filesystem::path& file,
                                                           const store_options& options);

/// Opens a file for a reader.
[[nodiscard]] std::unique_ptr<connection> open_for_reading(const std::filesystem::path& file, bool verified);

/// Opens a file to copy it: of any version of the schema, which stays. Throws `open_failed`.
[[nodiscard]] std::unique_ptr<connection> open_for_copying(const std::filesystem::path& file);

/// Opens a file to verify it, with any access. The version of the schema must be the newest. Throws `open_failed`.
[[nodiscard]] std::unique_ptr<connection> open_for_verifying(const std::filesystem::path& file, access how);

/// Whether the schema of a file is of the newest version, so that a reader can read it. Throws `open_failed`.
[[nodiscard]] bool is_newest(const connection& db);

} // namespace skald::detail::sqlite
