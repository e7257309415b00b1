// SPDX-License-Identifier: GPL-2.0-only
/* tamstat: for /proc/tamalloc what ps and top are for /proc/PID; see tamstat(1) */

#include "tamstat.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <langinfo.h>
#include <locale.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
	"Usage: tamstat [OPTION...]\n"
	"What every process has reserved and committed, from /proc/tamalloc.\n"
	"\n"
	"Which processes:\n"
	"  -p PID[,PID...]      these processes\n"
	"  -u USER[,USER...]    those of these users, by name or number\n"
	"  -c PATTERN           those whose name matches this shell pattern, as 'nginx*'\n"
	"  -e REGEX             those whose name matches this extended regular expression\n"
	"  -i                   -c and -e take a and A for the same\n"
	"  -n N                 the first N lines\n"
	"Which order and columns:\n"
	"  -s COLUMN            sort by a column: numbers descending, names ascending\n"
	"  -r                   the other way round\n"
	"  -o COLUMN[,COLUMN...]\n"
	"                       show these columns\n"
	"  -k                   sizes in kB\n"
	"  --numeric            users as numbers\n"
	"  --total              a last line with the sums over all that was chosen\n"
	"Other views:\n"
	"  --by name|user|cgroup\n"
	"                       one line per name, user or cgroup, with the sums\n"
	"  --tree               children below their parents, with the sums of each branch\n"
	"  --diff SECONDS       who grew within so many seconds, by the column of -s\n"
	"  --since FILE         who grew since FILE, a copy of /proc/tamalloc/pids\n"
	"  --summary            the sums over all processes\n"
	"  -w, --watch [SECONDS]\n"
	"                       a screen that follows, every 2 seconds; h there for help\n"
	"  --csv, --json        for programs: all columns, sizes in kB\n"
	"  --proc DIR           where procfs is mounted, instead of /proc\n"
	"  -h, --help           this text\n"
	"  -V, --version        the version\n"
	"\n"
	"Columns are those of /proc/tamalloc/pids in any case and without _KB, and USER,\n"
	"UNTOUCHED (reserved, never committed), TOTAL (rss, swap and hugetlb), CGROUP_PATH,\n"
	"ARGS (the command line), PSS and USS. Short: res com pct huge pgt oom adj start\n"
	"procs path. PATTERN, REGEX, -p and -u may be given several times.\n"
	"Status: 0, 1 if there is nothing to show, 2 for an error. More: man tamstat";

struct options options = { .limit = SIZE_MAX, .diff = -1, .seconds = 2 };

void die(const char *format, ...)
{
	va_list args;

	screen_end();
	va_start(args, format);
	complain("tamstat: ", format, args);
	va_end(args);
	/* No thread may be in the middle of something. */
	_exit(2);
}

#define misuse(format, ...) die(format "; see tamstat --help", ##__VA_ARGS__)

static double seconds_of(const char *option, const char *word)
{
	size_t len = strspn(word, "0123456789");
	size_t part = word[len] == '.' ? strspn(word + len + 1, "0123456789") : 0;
	char *end;
	double seconds;

	/* As sleep(1) takes it, with a point in every language. */
	seconds = strtod(word, &end);
	if (!(len + part) || word[len + (word[len] == '.') + part] || *end)
		misuse("%s needs a number of seconds, not '%s'", option, word);
	return seconds < 1e9 ? seconds : 1e9;
}

static void add_word(struct words *words, const char *word)
{
	words->word = grow(words->word, words->count + 1, sizeof(*words->word));
	words->word[words->count++] = word;
}

static void add_pids(const char *list)
{
	const char *p = list + strspn(list, ", ");
	uint64_t pid;

	if (!*p)
		misuse("-p needs process ids, not '%s'", list);
	while (*p) {
		size_t len = strcspn(p, ", ");

		if (!parse_u64(p, len, &pid))
			misuse("-p needs process ids, not '%s'", list);
		*map_at(&options.pids, pid) = 1;
		p += len;
		p += strspn(p, ", ");
	}
}

static void add_users(char *list)
{
	char *next, *word = strtok_r(list, ",", &next);
	struct passwd *user;
	uint64_t uid;

	if (!word)
		misuse("-u needs a user, not '%s'", list);
	for (; word; word = strtok_r(NULL, ",", &next)) {
		if (!parse_u64(word, strlen(word), &uid)) {
			/* The system may answer with the name in another form. */
			user = getpwnam(word);
			if (!user)
				die("there is no user '%s'", word);
			uid = user->pw_uid;
		}
		*map_at(&options.users, uid) = 1;
	}
}

static void set_columns(char *list)
{
	char *next;

	options.columns.count = 0;
	for (char *word = strtok_r(list, ", ", &next); word; word = strtok_r(NULL, ", ", &next))
		add_word(&options.columns, word);
	if (!options.columns.count)
		misuse("-o needs a column, not '%s'", list);
	if (options.columns.count > MAX_COLUMNS)
		misuse("-o takes %d columns at most", MAX_COLUMNS);
}

static void set_form(enum form form)
{
	if (options.form != FORM_TABLE && options.form != form)
		misuse("--csv and --json exclude each other");
	options.form = form;
}

static enum by by_of(const char *word)
{
	static const char * const names[] = {
		[BY_NAME] = "name", [BY_USER] = "user", [BY_CGROUP] = "cgroup",
	};

	for (enum by by = BY_NAME; by <= BY_CGROUP; by++)
		if (!strcmp(names[by], word))
			return by;
	misuse("--by needs name, user or cgroup, not '%s'", word);
}

enum { BY = 256, CSV, DIFF, JSON, NUMERIC, PROC, SINCE, SUMMARY, TOTAL, TREE };

static const struct option long_options[] = {
	{ "by",      required_argument, NULL, BY },
	{ "csv",     no_argument,       NULL, CSV },
	{ "diff",    required_argument, NULL, DIFF },
	{ "help",    no_argument,       NULL, 'h' },
	{ "json",    no_argument,       NULL, JSON },
	{ "numeric", no_argument,       NULL, NUMERIC },
	{ "proc",    required_argument, NULL, PROC },
	{ "since",   required_argument, NULL, SINCE },
	{ "summary", no_argument,       NULL, SUMMARY },
	{ "total",   no_argument,       NULL, TOTAL },
	{ "tree",    no_argument,       NULL, TREE },
	{ "version", no_argument,       NULL, 'V' },
	{ "watch",   optional_argument, NULL, 'w' },
	{ NULL, 0, NULL, 0 }
};

static void finish(void)
{
	print_flush();
	exit(0);
}

static const char *parse(int argc, char **argv)
{
	static const char letters[] = ":c:e:hikn:o:p:rs:u:Vw";
	struct words regexes = { 0 };
	const char *proc = NULL, *word;
	uint64_t limit;
	int option;

	while ((option = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
		switch (option) {
		case 'c':
			check_pattern(optarg);
			add_word(&options.patterns, optarg);
			break;
		case 'e':
			add_word(&regexes, optarg);
			break;
		case 'i':
			options.fold_case = true;
			break;
		case 'k':
			options.kb = true;
			break;
		case 'n':
			if (!parse_u64(optarg, strlen(optarg), &limit))
				misuse("-n needs a number, not '%s'", optarg);
			options.limit = limit;
			break;
		case 'o':
			set_columns(optarg);
			break;
		case 'p':
			add_pids(optarg);
			break;
		case 'r':
			options.reverse = true;
			break;
		case 's':
			if (!optarg[strspn(optarg, ", ")])
				misuse("-s needs a column, not '%s'", optarg);
			options.sort = optarg;
			break;
		case 'u':
			add_users(optarg);
			break;
		case 'w':
			options.watch = true;
			/* The word behind it may be its value. */
			if (!optarg && optind < argc && argv[optind][0] >= '.' &&
			    argv[optind][0] <= '9')
				optarg = argv[optind++];
			if (optarg)
				options.seconds = seconds_of("--watch", optarg);
			if (options.seconds < LEAST_SECONDS)
				misuse("--watch needs %g seconds or more, not '%s'", LEAST_SECONDS,
				       optarg);
			break;
		case BY:
			options.by = by_of(optarg);
			break;
		case CSV:
			set_form(FORM_CSV);
			break;
		case DIFF:
			options.diff = seconds_of("--diff", optarg);
			break;
		case JSON:
			set_form(FORM_JSON);
			break;
		case NUMERIC:
			options.numeric = true;
			break;
		case PROC:
			proc = optarg;
			break;
		case SINCE:
			options.since = optarg;
			break;
		case SUMMARY:
			options.summary = true;
			break;
		case TOTAL:
			options.total = true;
			break;
		case TREE:
			options.tree = true;
			break;
		case 'h':
			print_line(help);
			finish();
			break;
		case 'V':
			print_line("tamstat (tamalloc) " TAMALLOC_VERSION);
			finish();
			break;
		case ':':
			misuse("%s needs a value", refused_option(option, argv, letters));
		default:
			word = refused_option(option, argv, letters);
			if (strchr(word, '='))
				misuse("%.*s is unknown or takes no value",
				       (int)strcspn(word, "="), word);
			misuse("there is no option '%s'", word);
		}
	}
	if (optind < argc)
		misuse("'%s' is no option", argv[optind]);
	for (size_t i = 0; i < regexes.count; i++)
		add_regex(regexes.word[i]);
	free(regexes.word);
	return proc;
}

static void check_options(void)
{
	bool growth = options.diff >= 0 || options.since;

	if (options.diff >= 0 && options.since)
		misuse("--diff and --since exclude each other");
	if (options.watch && growth)
		misuse("--watch shows no growth; leave --diff or --since away, and press d there");
	if (options.watch && options.form != FORM_TABLE)
		misuse("--watch shows a table, no --%s", options.form == FORM_CSV ? "csv" : "json");
	if (options.total && options.form != FORM_TABLE)
		misuse("--total goes with a table, not with --%s",
		       options.form == FORM_CSV ? "csv" : "json");
	if (options.tree && (options.by || growth))
		misuse("--tree goes with neither --by nor --diff nor --since");
	if (options.summary && (options.watch || growth || options.by || options.sort ||
				options.columns.count || options.pids.count ||
				options.users.count || options.patterns.count || options.regexes ||
				options.reverse || options.limit != SIZE_MAX || options.tree ||
				options.total))
		misuse("--summary shows one fixed list; only -k, --csv and --json go with it");
}

/* Where the files are: said by --proc, or by TAMSTAT_PROC, or where they belong */
static void find_files(const char *proc)
{
	static const char *dir;

	dir = getenv("TAMSTAT_PROC");
	if (proc)
		proc_path = proc;
	else if (dir && *dir)
		proc_path = path_join(dir, "..");
	if (proc || !dir || !*dir)
		dir = path_join(proc_path, "tamalloc");
	options.pids_file = path_join(dir, "pids");
	options.summary_file = path_join(dir, "summary");
	if (access(options.pids_file, R_OK) && errno == ENOENT && !strcmp(proc_path, "/proc"))
		die(NO_FILE, options.pids_file);
}

static void set_locale(void)
{
	const char *said = getenv("LC_ALL");

	if (!said || !*said)
		said = getenv("LC_CTYPE");
	if (!said || !*said)
		said = getenv("LANG");
	/* A language that is not installed is one of UTF-8 still. */
	if (!setlocale(LC_CTYPE, "") && said && (strstr(said, "UTF-8") || strstr(said, "utf8")))
		setlocale(LC_CTYPE, "C.UTF-8");
	show_utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
}

/* Columns of the terminal, or of whom COLUMNS is set for; 0 for any */
static size_t width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t value;

	if (columns && parse_u64(columns, strlen(columns), &value) && value)
		return value < UINT16_MAX ? value : UINT16_MAX;
	if (!isatty(STDOUT_FILENO))
		return 0;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_col ? 80 : size.ws_col;
}

static void wait_seconds(double seconds)
{
	struct timespec left = { .tv_sec = seconds, .tv_nsec = (seconds - (time_t)seconds) * 1e9 };

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}

/* One table after the other, where there is no screen to redraw */
static void print_again(struct view *view, struct table *sample)
{
	for (;;) {
		time_t now = time(NULL);
		char date[64];

		strftime(date, sizeof(date), "%F %T", localtime(&now));
		sample->spare = VIEW_SPARE;
		table_read(sample, options.pids_file);
		view_make(view, sample, NULL);
		print_line(date);
		print_view(view, width());
		print_line("");
		print_flush();
		wait_seconds(options.seconds);
	}
}

int main(int argc, char **argv)
{
	static struct table sample = { .derived = true }, was = { .derived = true };
	static struct view view;
	struct layout layout;
	const char *term = getenv("TERM"), *proc;

	set_locale();
	proc = parse(argc, argv);
	check_options();
	find_files(proc);
	if (options.summary) {
		print_summary();
		finish();
	}
	if (options.watch && isatty(STDOUT_FILENO) && term && strcmp(term, "dumb"))
		screen_run();
	else if (options.watch)
		print_again(&view, &sample);
	if (options.since || options.diff >= 0)
		table_read(&was, options.since ? options.since : options.pids_file);
	if (options.diff >= 0) {
		/* What is wrong with the options is said before the time is spent. */
		view.keep = true;
		view_make(&view, &was, &was);
		layout_make(&layout, &view, 0);
		view.keep = false;
		wait_seconds(options.diff);
	}
	sample.spare = options.tree || was.columns ? VIEW_SPARE : 0;
	table_read(&sample, options.pids_file);
	view_make(&view, &sample, was.columns ? &was : NULL);
	print_view(&view, width());
	print_flush();
	return !view.count;
}
