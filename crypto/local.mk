# crypto/libtcrypto.a: one file per line, alphabetical, headers included
# (a header that is missing here is missing from the tarball).

noinst_LIBRARIES += crypto/libtcrypto.a
CRYPTO_LIB = crypto/libtcrypto.a

crypto_libtcrypto_a_SOURCES = \
	crypto/base64.c \
	crypto/base64.h \
	crypto/buffer.c \
	crypto/buffer.h \
	crypto/group.c \
	crypto/group.h \
	crypto/group_ops.h \
	crypto/hash.c \
	crypto/hash.h \
	crypto/mem.c \
	crypto/mem.h \
	crypto/merkle.c \
	crypto/merkle.h \
	crypto/merkle_tree.c \
	crypto/modp.c \
	crypto/modp.h \
	crypto/modp_primes.c \
	crypto/par.c \
	crypto/par.h \
	crypto/result.c \
	crypto/result.h \
	crypto/ristretto.c \
	crypto/rng.c \
	crypto/rng.h \
	crypto/sign.c \
	crypto/sign.h \
	crypto/slice.h \
	crypto/svec.c \
	crypto/transcript.c \
	crypto/transcript.h

EXTRA_DIST += \
	crypto/README.md
