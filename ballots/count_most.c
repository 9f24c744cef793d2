/* count_most: plurality and approval, where the most ballots win. */
#include "ballots/count_method.h"

static int
has_majority(const struct count_outcome *outcome, uint64_t votes)
{
	struct count_ratio m = outcome->rules.majority_ratio[0];
	uint64_t base =
	    outcome->rules.majority == COUNT_MAJORITY_ROLL ? outcome->eligible : outcome->valid;

	if (outcome->rules.majority == COUNT_MAJORITY_NONE)
		return 1;
	return (unsigned __int128)votes * m.den > (unsigned __int128)base * m.num;
}

void
count_most_votes(struct count_outcome *outcome)
{
	struct count_option *option;
	uint64_t most = 0;
	unsigned i;

	for (i = 0; i < outcome->rules.options; i++) {
		option = &outcome->option[i];
		option->in_quorum = outcome->quorum;
		option->majority = (uint8_t)has_majority(outcome, option->named);
		option->standing = option->in_quorum && option->majority;
		if (option->standing && option->named > most)
			most = option->named;
	}
	for (i = 0; i < outcome->rules.options; i++) {
		option = &outcome->option[i];
		option->leading = option->standing && option->named == most && most > 0;
	}
}
