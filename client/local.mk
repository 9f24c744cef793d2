# client/libtclient.a (what the tests link too) and the program
# client/tabella: one file per line, alphabetical, headers included.
#
# With main(), add here:
#	bin_PROGRAMS += client/tabella
#	client_tabella_SOURCES = client/main.c
#	client_tabella_LDADD = $(CLIENT_LIBS)

noinst_LIBRARIES += client/libtclient.a
CLIENT_LIB = client/libtclient.a

client_libtclient_a_SOURCES = \
	client/board.c \
	client/board.h \
	client/command.c \
	client/command.h \
	client/file.c \
	client/file.h \
	client/keys.c \
	client/keys.h \
	client/mirror.c \
	client/mirror.h \
	client/terminal.c \
	client/terminal.h \
	client/workspace.c \
	client/workspace.h

EXTRA_DIST += \
	client/README.md
