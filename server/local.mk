# server/libtserver.a (what the tests link too) and the program
# server/tabellad: one file per line, alphabetical, headers included.
#
# Only these lists go inside `if SERVER`; EXTRA_DIST stays outside, so that the
# tarball does not depend on how it was configured.
#
# With main(), add here:
#	if SERVER
#	bin_PROGRAMS += server/tabellad
#	server_tabellad_SOURCES = server/main.c
#	server_tabellad_LDADD = $(SERVER_LIBS)
#	endif

if SERVER
noinst_LIBRARIES += server/libtserver.a
SERVER_LIB = server/libtserver.a
server_libtserver_a_SOURCES = \
	server/connection.c \
	server/connection.h \
	server/connection_read.c \
	server/connection_send.c \
	server/http.c \
	server/http.h \
	server/http_fields.c \
	server/listen.c \
	server/listen.h \
	server/listen_accept.c \
	server/log.c \
	server/log.h \
	server/reply.c \
	server/reply.h \
	server/request.c \
	server/request.h
endif

EXTRA_DIST += \
	server/README.md
