# crypto/libtcrypto.a: one file per line, alphabetical, headers included
# (a header that is missing here is missing from the tarball).

noinst_LIBRARIES += crypto/libtcrypto.a
CRYPTO_LIB = crypto/libtcrypto.a

crypto_libtcrypto_a_SOURCES = \
	crypto/base64.c \
	crypto/base64.h \
	crypto/buffer.c \
	crypto/buffer.h \
	crypto/hash.c \
	crypto/hash.h \
	crypto/result.c \
	crypto/result.h \
	crypto/sign.c \
	crypto/sign.h \
	crypto/slice.h \
	crypto/transcript.c \
	crypto/transcript.h

EXTRA_DIST += \
	crypto/README.md
