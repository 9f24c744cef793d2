# server/libtserver.a (what the tests link too) and the program
# server/tabellad: one file per line, alphabetical, headers included.
#
# Only these lists go inside `if SERVER`; EXTRA_DIST stays outside, so that the
# tarball does not depend on how it was configured.
#
# A library without a source cannot be built. With the first file, add here:
#	if SERVER
#	noinst_LIBRARIES += server/libtserver.a
#	SERVER_LIB = server/libtserver.a
#	server_libtserver_a_SOURCES = \
#		server/http.c \
#		server/http.h
#	endif
# and with main():
#	if SERVER
#	bin_PROGRAMS += server/tabellad
#	server_tabellad_SOURCES = server/main.c
#	server_tabellad_LDADD = $(SERVER_LIBS)
#	endif

EXTRA_DIST += \
	server/README.md
