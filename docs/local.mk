# docs: the specification, its vectors, and the man pages. One per line.
# Man pages go to dist_man_MANS, everything else to EXTRA_DIST.

EXTRA_DIST += \
	docs/README.md \
	docs/api.md \
	docs/protocol.md \
	docs/security.md
