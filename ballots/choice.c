#include "ballots/choice.h"

#include <assert.h>
#include <string.h>

const char *const choice_type_names[CHOICE_TYPES] = { "plurality", "approval", "ranking" };

size_t
choice_bytes(enum choice_type type, unsigned options)
{
	assert(options >= CHOICE_MIN_OPTIONS && options <= CHOICE_MAX_OPTIONS);
	switch (type) {
	case CHOICE_PLURALITY: return 1;
	case CHOICE_APPROVAL: return (options + 7) / 8;
	default: assert(type == CHOICE_RANKING); return options;
	}
}

size_t
choice_blocks(enum choice_type type, unsigned options)
{
	return (choice_bytes(type, options) + GROUP_BLOCK_BYTES - 1) / GROUP_BLOCK_BYTES;
}

static int
all_zero(const uint8_t *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (bytes[i] != 0)
			return 0;
	return 1;
}

/* The ranks in use must be 1..R: with gaps, two byte strings would say the same
 * and a voter could mark the ballot by picking one. */
static int
dense(const uint8_t *ranks, unsigned options)
{
	uint8_t used[256] = { 0 };
	unsigned i, last = 0;

	for (i = 0; i < options; i++) {
		used[ranks[i]] = 1;
		if (ranks[i] > last)
			last = ranks[i];
	}
	for (i = 1; i <= last; i++)
		if (!used[i])
			return 0;
	return 1;
}

enum result
choice_check(enum choice_type type, unsigned options, const uint8_t *bytes, size_t len)
{
	size_t used = choice_bytes(type, options);
	unsigned spare = (8 - options % 8) % 8;
	int fits;

	if (len != choice_blocks(type, options) * GROUP_BLOCK_BYTES)
		return R_BAD_CHOICE;
	if (!all_zero(bytes + used, len - used))
		return R_BAD_CHOICE;
	switch (type) {
	case CHOICE_PLURALITY: fits = bytes[0] <= options; break;
	case CHOICE_APPROVAL: fits = bytes[used - 1] <= 0xffu >> spare; break;
	default: fits = dense(bytes, options); break;
	}
	return fits ? R_GOOD : R_BAD_CHOICE;
}

enum result
choice_read(struct choice *out, enum choice_type type, unsigned options, const uint8_t *bytes,
    size_t len)
{
	enum result r = choice_check(type, options, bytes, len);

	if (r != R_GOOD)
		return r;
	memset(out, 0, sizeof *out);
	out->type = type;
	out->options = options;
	memcpy(out->bytes, bytes, len);
	return R_GOOD;
}

int
choice_is_blank(const struct choice *choice)
{
	return all_zero(choice->bytes, choice_bytes(choice->type, choice->options));
}

int
choice_names(const struct choice *choice, unsigned option)
{
	unsigned i = option - 1;

	assert(option >= 1 && option <= choice->options);
	switch (choice->type) {
	case CHOICE_PLURALITY: return choice->bytes[0] == option;
	case CHOICE_APPROVAL: return choice->bytes[i / 8] >> i % 8 & 1;
	default: return choice->bytes[i] != 0;
	}
}
