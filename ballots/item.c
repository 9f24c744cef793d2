#include "ballots/item.h"

#include <string.h>

#include "ballots/walk.h"

static void
ratio_terms_walk(struct walk *w, struct count_ratio *ratio)
{
	walk_key(w, "den");
	walk_u32(w, &ratio->den, 1, COUNT_MAX_TERM);
}

static void
majority_walk(struct walk *w, struct count_ratio *ratio)
{
	walk_object(w);
	ratio_terms_walk(w, ratio);
	walk_key(w, "num");
	walk_u32(w, &ratio->num, 0, COUNT_MAX_TERM);
	walk_end(w);
}

static void
quorum_walk(struct walk *w, struct item *item)
{
	walk_object(w);
	ratio_terms_walk(w, &item->quorum);
	walk_key(w, "kind");
	walk_enum(w, count_quorum_names, COUNT_QUORUMS, &item->quorum_kind);
	walk_key(w, "num");
	walk_u32(w, &item->quorum.num, 0, COUNT_MAX_TERM);
	walk_end(w);
}

static void
count_walk(struct walk *w, struct item *item)
{
	size_t i;

	walk_object(w);
	walk_key(w, "default");
	walk_u32(w, &item->default_option, 0, CHOICE_MAX_OPTIONS);
	walk_key(w, "majority");
	walk_array(w, &item->majority, &item->majority_count, sizeof *item->majority, 0,
	    CHOICE_MAX_OPTIONS);
	while (walk_next(w, &i))
		majority_walk(w, &item->majority[i]);
	walk_key(w, "majority_base");
	walk_enum(w, count_majority_names, COUNT_MAJORITIES, &item->majority_base);
	walk_key(w, "method");
	walk_enum(w, count_method_names, COUNT_METHODS, &item->method);
	walk_key(w, "quorum");
	quorum_walk(w, item);
	walk_key(w, "tie");
	walk_enum(w, count_tie_names, COUNT_TIES, &item->tie);
	walk_end(w);
}

void
item_walk(struct walk *w, struct item *item)
{
	size_t i;

	walk_object(w);
	walk_key(w, "choice");
	walk_enum(w, choice_type_names, CHOICE_TYPES, &item->choice);
	walk_key(w, "count");
	count_walk(w, item);
	walk_key(w, "election");
	walk_digest(w, &item->election);
	walk_key(w, "id");
	walk_u53(w, &item->id, 1, ITEM_MAX);
	walk_key(w, "options");
	walk_array(w, &item->options, &item->option_count, sizeof *item->options,
	    CHOICE_MIN_OPTIONS, CHOICE_MAX_OPTIONS);
	while (walk_next(w, &i))
		walk_string(w, &item->options[i], 1, 500);
	walk_key(w, "prev");
	walk_digest(w, &item->prev);
	walk_key(w, "text");
	walk_string(w, &item->text, 0, 20000);
	walk_key(w, "title");
	walk_string(w, &item->title, 1, 500);
	walk_end(w);
}

void
item_rules(struct count_rules *rules, const struct item *item)
{
	size_t i, n = item->majority_count;

	*rules = count_rules_plain((enum count_method)item->method, (unsigned)item->option_count);
	rules->default_option = item->default_option;
	rules->quorum = (enum count_quorum)item->quorum_kind;
	rules->quorum_ratio = item->quorum;
	rules->majority = (enum count_majority)item->majority_base;
	rules->majority_ratios = (unsigned)n;
	for (i = 0; i < n && i < CHOICE_MAX_OPTIONS; i++)
		rules->majority_ratio[i] = item->majority[i];
	rules->tie = (enum count_tie)item->tie;
}

enum result
item_check(const struct item *item, struct why *why)
{
	struct count_rules rules;
	size_t i, j;

	if (count_choice_type((enum count_method)item->method) != item->choice)
		return why_set(why, R_BAD_ITEM, "%s does not count choices of type %s",
		    count_method_names[item->method], choice_type_names[item->choice]);
	for (i = 0; i < item->option_count; i++)
		for (j = 0; j < i; j++)
			if (strcmp(item->options[i], item->options[j]) == 0)
				return why_set(why, R_BAD_ITEM,
				    "options %zu and %zu are the same: \"%.80s\"", j + 1, i + 1,
				    item->options[i]);
	item_rules(&rules, item);
	return count_rules_check(&rules, why);
}

size_t
item_width(const struct item *item)
{
	return choice_blocks((enum choice_type)item->choice, (unsigned)item->option_count);
}

size_t
item_choice_bytes(const struct item *item)
{
	return choice_bytes((enum choice_type)item->choice, (unsigned)item->option_count);
}

void
item_hash(struct digest *hash, struct slice body)
{
	hash_tagged(hash, "tabella/1 item", body.p, body.n);
}
