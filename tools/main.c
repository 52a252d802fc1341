// SPDX-License-Identifier: GPL-2.0
/* xtun: one program of subcommands around /dev/xtun. */
#include "tool.h"

#include <stdlib.h>
#include <string.h>

static const struct command *const commands[] = {
	&xtun_command_echo,
	&xtun_command_dump,
	&xtun_command_status,
	&xtun_command_why,
	&xtun_command_bench,
};

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

static void print_help(FILE *out, const struct command *cmd)
{
	fprintf(out, "usage: xtun %s %s\n%s\n%s", cmd->name, cmd->args, cmd->summary,
		cmd->options);
}

static void print_overview(FILE *out)
{
	fputs("usage: xtun COMMAND [OPTIONS]\n", out);
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
	fputs("  help     help COMMAND shows the options of a command\n"
	      "See also: man 8 xtun, man 4 xtun\n", out);
}

int xtun_usage(const struct command *cmd)
{
	print_help(stderr, cmd);
	return EXIT_USAGE;
}

bool xtun_parse_count(const char *option, const char *text, uint64_t *count)
{
	char *end;

	*count = strtoull(text, &end, 10);
	if (*text >= '1' && *text <= '9' && !*end)
		return true;
	xtun_complain("%s needs a number of at least 1, not '%s'", option, text);
	return false;
}

static int explain_topic(const char *topic)
{
	const struct command *cmd = topic ? find(topic) : NULL;

	if (cmd) {
		print_help(stdout, cmd);
	} else if (!topic) {
		print_overview(stdout);
	} else {
		xtun_complain("unknown command '%s'; 'xtun help' lists the commands", topic);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	const struct command *cmd = find(name);

	if (cmd)
		return cmd->run(argc - 1, argv + 1);
	if (!strcmp(name, "help") || !strcmp(name, "--help") || !strcmp(name, "-h"))
		return explain_topic(argc > 2 ? argv[2] : NULL);
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		puts("xtun " XTUN_VERSION);
		return EXIT_OK;
	}
	if (*name)
		xtun_complain("unknown command '%s'", name);
	print_overview(stderr);
	return EXIT_USAGE;
}
