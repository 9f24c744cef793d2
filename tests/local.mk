# tests: programs tests/test_<subject>.c with libcheck, scripts tests/*.sh.
# One per line, alphabetical.
#
# A new program takes one line in check_PROGRAMS; its only source is then
# tests/test_<subject>.c and it is linked with ballots and crypto. One that
# has more sources or needs another layer says so:
#	tests_test_store_SOURCES = tests/test_store.c tests/board.c tests/board.h
#	tests_test_store_LDADD = $(SERVER_LIBS) $(CHECK_LIBS)
# A test of the server goes inside `if SERVER`. A script takes one line in
# test_scripts. A script and a program may not differ in their ending alone.

LDADD = $(BALLOTS_LIBS) $(CHECK_LIBS)

check_PROGRAMS += \
	tests/test_base64 \
	tests/test_hash \
	tests/test_result \
	tests/test_sign

test_scripts = \
	tests/test_driver.sh \
	tests/test_equations.sh \
	tests/test_layers.sh \
	tests/test_manual.sh \
	tests/test_tree.sh

TESTS += $(check_PROGRAMS) $(test_scripts)

EXTRA_DIST += \
	$(test_scripts) \
	tests/README.md \
	tests/driver.sh \
	tests/lib.sh \
	tests/lint.sh \
	tests/summary.sh
