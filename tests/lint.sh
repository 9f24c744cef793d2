#!/bin/bash
# lint.sh: `make lint`. Layout (clang-format), suspicious C (cppcheck), scripts
# (shellcheck). Needs the Debian packages of these names; prints what it finds
# and exits 1 if that is anything.
set -u
cd "${TOP_SRCDIR:-$(dirname "$0")/..}" || exit 2

for tool in clang-format cppcheck shellcheck; do
	command -v "$tool" >/dev/null || {
		echo "lint: $tool is missing: install the Debian package $tool" >&2
		exit 2
	}
done

mapfile -t code < <(find crypto ballots server client tests -name '*.[ch]' | sort)
mapfile -t scripts < <(find tests quickstart .ci/run -name '*.sh' -o -name quickstart -o -name run | sort)
status=0

echo "clang-format: ${#code[@]} files"
clang-format --dry-run -Werror "${code[@]}" || status=1

# A file at a time without its system headers: what is wrong whatever they say.
echo "cppcheck"
cppcheck --quiet --std=c11 --language=c -j "$(nproc)" --error-exitcode=1 --inline-suppr -I . \
    --enable=warning,performance,portability \
    --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches \
    --suppress=unknownMacro --suppress=arrayIndexOutOfBoundsCond \
    --suppress="memleakOnRealloc:tests/*" "${code[@]}" || status=1

echo "shellcheck: ${#scripts[@]} scripts"
shellcheck -x "${scripts[@]}" || status=1

[ "$status" -eq 0 ] && echo "lint: nothing found"
exit "$status"
