#include "tests/count_kit.h"

#include <stdio.h>
#include <string.h>

#include "tests/must.h"

struct count *
start(const struct count_rules *rules)
{
	struct count *count = NULL;
	struct why why;

	if (count_new(&count, rules, &why) != R_GOOD)
		ck_abort_msg("%s", why.text);
	return count;
}

struct count_outcome *
finish(struct count *count, uint64_t eligible)
{
	struct count_outcome *outcome = NULL;
	struct why why;

	if (count_finish(&outcome, count, eligible, &why) != R_GOOD)
		ck_abort_msg("%s", why.text);
	count_free(count);
	return outcome;
}

void
add(struct count *count, const struct count_rules *rules, const char *text, uint64_t times)
{
	struct choice choice;
	struct why why = { .text = "" };

	if (choice_parse(&choice, count_choice_type(rules->method), rules->options, text, &why) !=
	    R_GOOD)
		ck_abort_msg("%s", why.text);
	must(count_add(count, &choice, times) == R_GOOD);
}

struct count_outcome *
count_votes(const struct count_rules *rules, const struct votes *votes, uint64_t eligible)
{
	struct count *count = start(rules);

	for (; votes->text != NULL; votes++)
		add(count, rules, votes->text, votes->times);
	return finish(count, eligible);
}

struct count_rules
debian_rules(unsigned options)
{
	struct count_rules rules = count_rules_plain(COUNT_CONDORCET, options);
	unsigned i;

	rules.default_option = options;
	rules.quorum = COUNT_QUORUM_SQRT;
	rules.quorum_ratio = (struct count_ratio){ 3, 2 };
	rules.majority = COUNT_MAJORITY_DEFAULT;
	rules.majority_ratios = options;
	for (i = 0; i < options; i++)
		rules.majority_ratio[i] = (struct count_ratio){ 1, 1 };
	return rules;
}

const char *
winners(const struct count_outcome *outcome)
{
	static char text[CHOICE_TEXT_BYTES];
	char *at = text;
	unsigned i, n = 0;

	*at = '\0';
	for (i = 1; i <= outcome->rules.options; i++) {
		if (!outcome->option[i - 1].winner)
			continue;
		at += sprintf(at, "%s%u", n > 0 ? "," : "", i);
		n++;
	}
	must(n == outcome->winners);
	return text;
}

char *
printed(const struct count_outcome *outcome, const char *const names[])
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	count_print(out, outcome, names);
	ck_assert_int_eq(ferror(out), 0);
	fclose(out);
	return text;
}
