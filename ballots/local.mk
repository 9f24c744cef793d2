# ballots/libtballots.a: one file per line, alphabetical, headers included.
#
# A library without a source cannot be built. With the first file, add here:
#	noinst_LIBRARIES += ballots/libtballots.a
#	BALLOTS_LIB = ballots/libtballots.a
#	ballots_libtballots_a_SOURCES = \
#		ballots/definition.c \
#		ballots/definition.h

EXTRA_DIST += \
	ballots/README.md
