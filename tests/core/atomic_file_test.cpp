#include "gruve/core/atomic_file.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <span>
#include <string>
#include <utility>

#include "catch.hpp"
#include "gruve/core/mapped_file.hpp"
#include "gruve/core/output_lock.hpp"

using namespace gruve;
namespace fs = std::filesystem;

namespace {

// A folder of its own that is gone at the end of the test.
struct Folder {
  Folder() {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path = fs::temp_directory_path() / "gruve_atomic_file_test";
};

std::string contents(const fs::path& path) {
  const MappedFile file(path);
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

std::ptrdiff_t num_files(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

}  // namespace

TEST_CASE("A committed file has what was written, and no other file is left", "[core][file]") {
  const Folder folder;
  const fs::path path = folder.path / "a.txt";
  write_file(path, "old");
  AtomicFile file(path);
  file.write("0000 rest");
  file.overwrite(0, std::as_bytes(std::span("head", 4)));
  file.write("!");
  CHECK(contents(path) == "old");
  file.commit();
  CHECK(contents(path) == "head rest!");
  CHECK(num_files(folder.path) == 1);
}

TEST_CASE("A file that is not committed leaves what stood there", "[core][file]") {
  const Folder folder;
  const fs::path path = folder.path / "a.txt";
  write_file(path, "old");
  { AtomicFile(path).write("half of the n"); }
  CHECK(contents(path) == "old");
  CHECK(num_files(folder.path) == 1);

  { AtomicFile(folder.path / "new.txt").write("half"); }
  { const OutputLock lock(folder.path / "new.txt"); }
  CHECK(num_files(folder.path) == 1);
}

TEST_CASE("A place that can't be written is an error that names it", "[core][file]") {
  const Folder folder;
  const std::string missing = (folder.path / "no" / "a.txt").string();
  CHECK_THROWS_WITH(write_file(missing, "x"), missing + ": cannot write: No such file or directory");
  CHECK_THROWS_WITH(OutputLock(missing), missing + ": cannot write: No such file or directory");
  CHECK_THROWS_WITH(write_file(folder.path, "x"),
                    folder.path.string() + ": is a folder, expected a file to write");
}

#ifdef __linux__
TEST_CASE("A full disk is an error that names the file", "[core][file]") {
  // /dev/full takes no byte, and is no regular file: it is written in its place and stays.
  CHECK_THROWS_WITH(write_file("/dev/full", "x"), "/dev/full: cannot write: No space left on device");
  CHECK(fs::exists("/dev/full"));
}
#endif

TEST_CASE("A mapped file gives the bytes of the file", "[core][file]") {
  const Folder folder;
  const fs::path path = folder.path / "a.txt";
  write_file(path, "four");
  MappedFile file(path);
  const MappedFile moved = std::move(file);
  CHECK(moved.bytes().size() == 4);
  CHECK(moved.bytes()[3] == std::byte{'r'});
  CHECK(moved.path() == path.string());
  write_file(path, "");
  const MappedFile empty(path);
  CHECK(empty.bytes().empty());
}

TEST_CASE("What can't be mapped is an error that names it", "[core][file]") {
  const Folder folder;
  const std::string missing = (folder.path / "none").string();
  CHECK_THROWS_WITH(MappedFile(missing), missing + ": cannot open: No such file or directory");
  CHECK_THROWS_WITH(MappedFile(folder.path), folder.path.string() + ": is a folder, expected a file");
}

TEST_CASE("Of several writers of one file each writes a whole one, and the last one counts", "[core][file]") {
  const Folder folder;
  const fs::path path = folder.path / "a.txt";
  AtomicFile first(path), second(path);
  first.write("the first");
  second.write("the second");
  { AtomicFile(path).write("one that gives up"); }
  second.commit();
  CHECK(contents(path) == "the second");
  first.commit();
  CHECK(contents(path) == "the first");
  CHECK(num_files(folder.path) == 1);
}

TEST_CASE("An output has one lock at a time", "[core][file]") {
  const Folder folder;
  const fs::path path = folder.path / "a.txt";
  {
    const OutputLock lock(path);
    CHECK_THROWS_WITH(OutputLock(path), Catch::Contains("a.txt: is being written by another run (process " +
                                                        std::to_string(internal::process_number()) + ")"));
    write_file(path, "written by the run itself");
    CHECK_THROWS_WITH(OutputLock(path), Catch::Contains("is being written by another run"));
  }
  CHECK(contents(path) == "written by the run itself");
  CHECK(num_files(folder.path) == 1);

  // A process that is killed leaves both files; nobody holds them.
  write_file(folder.path / "a.txt.gruve-lock", "1\n");
  write_file(folder.path / "a.txt.partial", "half");
  {
    const OutputLock lock(path);
    write_file(path, "new");
  }
  CHECK(contents(path) == "new");
  CHECK(num_files(folder.path) == 1);
}

TEST_CASE("Names in any script and of any length are written, locked and read", "[core][file]") {
  const Folder folder;
  const fs::path deep =
      folder.path / fs::path(u8"Lieder für Zoë, 曲") / std::string(120, 'x') / std::string(120, 'y');
  fs::create_directories(internal::system_path(deep));
  const fs::path path = deep / fs::path(u8"a♭.txt");
  write_file(path, "text");
  CHECK(contents(path) == "text");
  {
    const OutputLock lock(path);
    CHECK_THROWS_WITH(OutputLock(path), Catch::StartsWith(internal::utf8(path) + ": is being written"));
    write_file(path, "again");
  }
  CHECK(contents(path) == "again");
  CHECK_THROWS_WITH(MappedFile(deep / fs::path(u8"ö")),
                    internal::utf8(deep) + internal::utf8(fs::path("/").make_preferred()) +
                        "\xC3\xB6: cannot open: No such file or directory");
  // MinGW's std::filesystem lists no folder of such a name.
  for (const char* suffix : {".partial", ".gruve-lock"})
    CHECK_FALSE(fs::exists(internal::system_path(fs::path(path) += suffix)));
  CHECK(fs::remove(internal::system_path(path)));
  CHECK(fs::remove(internal::system_path(deep)));
}

// Not part of the test command: it writes 4.1 GiB.
TEST_CASE("A file of more than 4 GiB is written, overwritten and mapped", "[.large]") {
  const Folder folder;
  const fs::path path = folder.path / "large";
  const std::string part(std::size_t{1} << 26, 'p');
  constexpr std::uint64_t kParts = 65;
  {
    AtomicFile file(path);
    for (std::uint64_t i = 0; i < kParts; ++i) file.write(part);
    file.overwrite(0, std::as_bytes(std::span("head", 4)));
    file.overwrite(std::int64_t{1} << 32, std::as_bytes(std::span("over", 4)));
    file.write("end");
    file.commit();
  }
  const MappedFile file(path);
  CHECK(file.bytes().size() == kParts * part.size() + 3);
  const auto at = [&](std::uint64_t i) {
    return static_cast<char>(file.bytes()[static_cast<std::size_t>(i)]);
  };
  CHECK(at(0) == 'h');
  CHECK(at(4) == 'p');
  CHECK(at(std::uint64_t{1} << 32) == 'o');
  CHECK(at((std::uint64_t{1} << 32) + 4) == 'p');
  CHECK(at(kParts * part.size() + 2) == 'd');
}

#if !defined(_WIN32)  // where only some users may make links
TEST_CASE("A link is followed, and permissions are kept", "[core][file]") {
  const Folder folder;
  fs::create_directory(folder.path / "other");
  const fs::path path = folder.path / "other" / "real.txt", link = folder.path / "link.txt";
  fs::create_symlink("other/real.txt", link);
  write_file(link, "through a link to nothing");
  CHECK(fs::is_symlink(link));
  CHECK(contents(path) == "through a link to nothing");
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  write_file(link, "again");
  CHECK(contents(path) == "again");
  CHECK(fs::status(path).permissions() ==
        (fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read));
  const OutputLock lock(path);
  CHECK_THROWS_WITH(OutputLock(link), Catch::Contains("is being written by another run"));
}

TEST_CASE("A link that leads to itself is an error", "[core][file]") {
  const Folder folder;
  const fs::path link = folder.path / "link.txt";
  fs::create_symlink("link.txt", link);
  CHECK_THROWS_AS(write_file(link, "x"), Error);
  CHECK(fs::is_symlink(link));
}
#endif
