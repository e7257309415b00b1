// SPDX-License-Identifier: GPL-2.0-only
/* tamstat --watch: a screen that follows */

#include <curses.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "tamstat.h"

/* Lines above the header of the table */
#define HEAD 3
/* An OOM score that is shown as near: half of all memory, or said to go first */
#define NEAR_OOM 1000

enum { PAIR_GREW = 1, PAIR_OOM };

static struct {
	struct table sample, first;
	struct view view;
	struct layout layout;
	struct summary summary;
	bool on, paused, growth, help, quit;
	time_t since;
	/* The first row on the screen, and how many fit */
	size_t top, rows;
	/* What is being typed, and for what: '/', 's' or 0 */
	int asked;
	struct text typed, filter, line, message;
	/* When to look again, in seconds as moment() has them */
	double next;
	int keys, news;
} screen;

static volatile sig_atomic_t ended_by;

static double moment(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void on_signal(int number)
{
	ended_by = number;
}

void screen_end(void)
{
	if (!screen.on)
		return;
	screen.on = false;
	endwin();
}

/* Columns in the order of the table, and the keys that sort by them */
static const struct {
	char key;
	const char *name;
} sorts[] = {
	{ 'P', "PID" }, { 'U', OWN "USER" }, { 'R', "RESERVED_KB" }, { 'C', "COMMITTED_KB" },
	{ '%', "COMMITTED_PCT" }, { 'M', "RSS_KB" }, { 'A', "ANON_KB" }, { 'F', "FILE_KB" },
	{ 'H', "SHMEM_KB" }, { 'S', "SWAP_KB" }, { 'G', "HUGETLB_KB" }, { 'T', "PGTABLES_KB" },
	{ 'O', "OOM_SCORE" }, { 'X', OWN "TOTAL_KB" }, { 'I', OWN "UNTOUCHED_KB" }, { 'N', "NAME" },
};

#define SORTS (sizeof(sorts) / sizeof(*sorts))

static const char * const help[] = {
	"P pid  U user  R reserved  C committed  % committed of reserved  M rss  A anon",
	"F file  H shmem  S swap  G hugetlb  T page tables  O oom score  X total",
	"I untouched  N name     sort by this column",
	"left right              sort by the column beside; r the other way round",
	"n u g                   sums by name, user, cgroup; again: processes",
	"t                       tree, with the sums of each branch",
	"d                       who grew since the start, by the column sorted by",
	"w                       whole command lines",
	"/                       only names with what you type; Enter keeps it, Esc not",
	"s                       seconds between two looks",
	"z, space                pause, go on",
	"up down PgUp PgDn Home End   scroll",
	"h, ?                    this help; any key leaves it",
	"q                       quit",
};

__attribute__((format(printf, 1, 2)))
static void say(const char *format, ...)
{
	va_list args;
	char line[256];

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	screen.message.len = 0;
	text_str(&screen.message, line);
}

/* Whether what is shown can be sorted by this column */
static bool sort_fits(const char *name)
{
	static struct table groups;
	const struct table *table = &screen.sample;
	const struct column *column;

	if (options.by == BY_CGROUP && !table_column(table, "CGROUP"))
		return false;
	if (options.by) {
		screen.sample.selected = 0;
		table_group(&groups, table, options.by);
		table = &groups;
	}
	column = find_column(table, name);
	return column && (!screen.growth || is_figure(column));
}

static void sort_by(const char *name)
{
	if (sort_fits(name))
		options.sort = name;
	else
		say("%s cannot be sorted by here", name + (*name == *OWN));
}

static void sort_beside(int step)
{
	size_t at = 0;

	while (at < SORTS - 1 && strcmp(sorts[at].name, screen.view.sort->name))
		at++;
	do {
		at = (at + SORTS + step) % SORTS;
	} while (!sort_fits(sorts[at].name));
	options.sort = sorts[at].name;
}

static void group_by(enum by by)
{
	if (by == BY_CGROUP && !table_column(&screen.sample, "CGROUP")) {
		say("this kernel's file pids has no column CGROUP");
		return;
	}
	options.by = options.by == by ? BY_PROCESS : by;
	options.tree = false;
}

static void toggle_tree(void)
{
	if (!table_column(&screen.sample, "PPID")) {
		say("this kernel's file pids has no column PPID");
		return;
	}
	options.tree = !options.tree;
	options.by = BY_PROCESS;
	screen.growth = false;
}

static void set_filter(void)
{
	screen.filter.len = 0;
	text_add(&screen.filter, screen.typed.s, screen.typed.len);
	options.filter = screen.typed.len ? text_end(&screen.filter) : NULL;
	screen.top = 0;
}

static void set_interval(void)
{
	const char *word = text_end(&screen.typed);
	char *end;
	double seconds = strtod(word, &end);

	if (*end || end == word || !(seconds >= LEAST_SECONDS && seconds <= 1e9))
		say("seconds from %g on, not '%s'", LEAST_SECONDS, word);
	else
		options.seconds = seconds;
}

/* A key while something is typed */
static void type(int key)
{
	if (key == '\n' || key == '\r' || key == KEY_ENTER) {
		if (screen.asked == 's')
			set_interval();
		screen.asked = 0;
	} else if (key == 27) {
		screen.typed.len = 0;
		if (screen.asked == '/')
			set_filter();
		screen.asked = 0;
	} else {
		if (key == KEY_BACKSPACE || key == 127 || key == '\b')
			text_back(&screen.typed);
		else if (key >= ' ' && key <= 0xff && screen.typed.len < 60)
			text_fill(&screen.typed, (char)key, 1);
		if (screen.asked == '/')
			set_filter();
	}
}

static void scroll_by(long rows)
{
	size_t count = screen.view.shown->selected;
	size_t most = count > screen.rows ? count - screen.rows : 0;

	if (rows < 0 && screen.top < (size_t)-rows)
		screen.top = 0;
	else
		screen.top += rows;
	if (screen.top > most)
		screen.top = most;
}

static void command(int key)
{
	for (size_t i = 0; i < SORTS; i++) {
		if (key == sorts[i].key) {
			sort_by(sorts[i].name);
			return;
		}
	}
	switch (key) {
	case 'q':
	case 'Q':
		screen.quit = true;
		break;
	case 'h':
	case '?':
		screen.help = true;
		break;
	case KEY_LEFT:
		sort_beside(-1);
		break;
	case KEY_RIGHT:
		sort_beside(1);
		break;
	case 'r':
		options.reverse = !options.reverse;
		break;
	case 'n':
		group_by(BY_NAME);
		break;
	case 'u':
		group_by(BY_USER);
		break;
	case 'g':
		group_by(BY_CGROUP);
		break;
	case 't':
		toggle_tree();
		break;
	case 'd':
		screen.growth = !screen.growth;
		options.tree = false;
		break;
	case 'w':
		options.args = !options.args;
		break;
	case '/':
	case 's':
		screen.asked = key;
		screen.typed.len = 0;
		if (key == '/' && options.filter)
			text_str(&screen.typed, options.filter);
		break;
	case 'z':
	case ' ':
		screen.paused = !screen.paused;
		break;
	case KEY_UP:
		scroll_by(-1);
		break;
	case KEY_DOWN:
		scroll_by(1);
		break;
	case KEY_PPAGE:
		scroll_by(-(long)screen.rows);
		break;
	case KEY_NPAGE:
		scroll_by((long)screen.rows);
		break;
	case KEY_HOME:
		screen.top = 0;
		break;
	case KEY_END:
		scroll_by((long)screen.view.shown->selected);
		break;
	case 'L' & 31:
		clearok(curscr, true);
		break;
	case KEY_RESIZE:
		break;
	default:
		/* Any other key: a look at once. */
		screen.next = 0;
	}
}

static void read_files(void)
{
	table_read(&screen.sample, options.pids_file);
	summary_read(&screen.summary, options.summary_file);
}

/* @text as line @y of the screen, as far as it fits */
static void put_line(int y, struct text *text, attr_t attributes)
{
	if (y >= LINES)
		return;
	text_clip(text, COLS);
	attrset(attributes);
	if (attributes)
		mvhline(y, 0, ' ', COLS);
	mvaddnstr(y, 0, text_end(text), (int)text->len);
	attrset(A_NORMAL);
}

/* The third line: a prompt, a message, or the settings that were changed */
static void state_line(struct text *line)
{
	static const char * const by[] = {
		[BY_NAME] = "by name  ", [BY_USER] = "by user  ", [BY_CGROUP] = "by cgroup  ",
	};
	size_t count = screen.view.shown->selected;

	line->len = 0;
	if (screen.asked) {
		text_str(line, screen.asked == '/' ? "names with: " : "seconds: ");
		text_show(line, screen.typed.s, screen.typed.len, SHOW_TABLE);
		text_str(line, "_");
		return;
	}
	if (screen.message.len) {
		text_add(line, screen.message.s, screen.message.len);
		return;
	}
	if (screen.paused)
		text_str(line, "paused  ");
	if (options.by)
		text_str(line, by[options.by]);
	if (options.tree)
		text_str(line, "tree  ");
	if (screen.growth) {
		char start[16];

		strftime(start, sizeof(start), "%T", localtime(&screen.since));
		text_format(line, "grew since %s  ", start);
	}
	if (options.filter) {
		text_str(line, "names with: ");
		text_show(line, options.filter, strlen(options.filter), SHOW_TABLE);
		text_str(line, "  ");
	}
	if (screen.top)
		text_format(line, "rows %zu to %zu of %zu", screen.top + 1,
			    screen.top + screen.rows < count ? screen.top + screen.rows : count,
			    count);
}

/* Colour where it says something, on figures that say it themselves */
static void mark(int y, const uint64_t *cell)
{
	for (unsigned int i = 0; i < screen.layout.count; i++) {
		const struct item *item = screen.layout.item + i;
		const struct column *column = item->column;

		if (column->kind == GROWTH && !(cell[0] & FLAG_FELL))
			mvchgat(y, (int)item->at, (int)item->width, A_BOLD, PAIR_GREW, NULL);
		else if (!strcmp(column->name, "OOM_SCORE") && cell[column->cell] >= NEAR_OOM)
			mvchgat(y, (int)item->at, (int)item->width, A_BOLD, PAIR_OOM, NULL);
	}
}

static void draw_table(void)
{
	const struct table *table = screen.view.shown;
	/* The total is the last line, where there is one. */
	bool total = LINES - HEAD >= 3;
	long room = LINES - HEAD - 1 - total;
	struct layout *layout = &screen.layout;

	screen.rows = room > 0 ? room : 0;
	scroll_by(0);
	view_fill(&screen.view, screen.top, table->selected - screen.top < screen.rows ?
		  table->selected - screen.top : screen.rows);
	layout_make(layout, &screen.view, COLS);
	layout_header(layout, &screen.line);
	put_line(HEAD, &screen.line, A_REVERSE);
	for (unsigned int i = 0; i < layout->count; i++)
		if (layout->item[i].column == screen.view.sort && LINES > HEAD)
			mvchgat(HEAD, (int)layout->item[i].at, (int)layout->item[i].width,
				A_REVERSE | A_BOLD | A_UNDERLINE, 0, NULL);
	for (size_t i = 0; i < screen.rows && screen.top + i < table->selected; i++) {
		const uint64_t *cell = table_row(table, table->row[screen.top + i]);

		layout_row(layout, cell, &screen.line);
		put_line(HEAD + 1 + (int)i, &screen.line, A_NORMAL);
		mark(HEAD + 1 + (int)i, cell);
	}
	if (total) {
		layout_total(layout, &screen.line);
		put_line(LINES - 1, &screen.line, A_BOLD);
	}
}

static void draw(void)
{
	time_t now = time(NULL);
	struct text *line = &screen.line, sums = { 0 };
	char clock[16];

	if (!sort_fits(options.sort ? options.sort : "RSS_KB"))
		options.sort = NULL;
	view_make(&screen.view, &screen.sample, screen.growth ? &screen.first : NULL);
	erase();
	strftime(clock, sizeof(clock), "%T", localtime(&now));
	line->len = 0;
	text_format(line, "tamstat %s, every %g s: ", clock, options.seconds);
	summary_lines(&screen.summary, line, &sums);
	put_line(0, line, A_NORMAL);
	put_line(1, &sums, A_NORMAL);
	free(sums.s);
	if (screen.help) {
		for (size_t i = 0; i < sizeof(help) / sizeof(*help); i++) {
			line->len = 0;
			text_str(line, help[i]);
			put_line(HEAD + (int)i, line, A_NORMAL);
		}
	} else {
		draw_table();
	}
	state_line(line);
	put_line(2, line, A_NORMAL);
	refresh();
}

/* Until there is a key, a signal, a name, or it is time */
static void wait_for_something(const sigset_t *waiting)
{
	struct pollfd fds[] = { { .fd = screen.keys, .events = POLLIN },
				{ .fd = screen.news, .events = POLLIN } };
	double seconds = screen.next - moment();
	struct timespec left = { 0 };
	int key;

	if (seconds > 0) {
		left.tv_sec = (time_t)seconds;
		left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
	}
	/* While paused, nothing is due. */
	if (ppoll(fds, 2, screen.paused ? NULL : &left, waiting) < 0 && errno != EINTR)
		die("cannot wait for a key: %s", strerror(errno));
	if (ended_by) {
		screen_end();
		signal(ended_by, SIG_DFL);
		raise(ended_by);
		sigprocmask(SIG_SETMASK, waiting, NULL);
	}
	key = getch();
	/* A terminal that is gone can be read, and has nothing. */
	if (fds[0].revents && key == ERR)
		screen.quit = true;
	for (; key != ERR; key = getch()) {
		screen.message.len = 0;
		if (screen.help && key != KEY_RESIZE)
			screen.help = false;
		else if (screen.asked && key != KEY_RESIZE)
			type(key);
		else
			command(key);
	}
}

static void start(void)
{
	FILE *in = stdin;

	if (!isatty(STDIN_FILENO))
		in = fopen("/dev/tty", "r+e");
	if (!in)
		in = fdopen(dup(STDOUT_FILENO), "r");
	set_escdelay(25);
	if (!in || !newterm(NULL, stdout, in))
		die("--watch needs a terminal that it knows; TERM is '%s'", getenv("TERM"));
	screen.on = true;
	screen.keys = fileno(in);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, true);
	nodelay(stdscr, true);
	curs_set(0);
	if (has_colors() && start_color() == OK && use_default_colors() == OK) {
		init_pair(PAIR_GREW, COLOR_YELLOW, -1);
		init_pair(PAIR_OOM, COLOR_RED, -1);
	}
}

void screen_run(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH, SIGTSTP };
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked, waiting;

	options.total = true;
	screen.view.keep = true;
	screen.sample.derived = true;
	screen.first.derived = true;
	table_read(&screen.first, options.pids_file);
	screen.since = time(NULL);
	/* They come while it waits, and never to the thread that knows users. */
	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		sigaddset(&blocked, signals[i]);
	sigprocmask(SIG_BLOCK, &blocked, &waiting);
	screen.news = users_in_background();
	if (table_column(&screen.first, "CGROUP"))
		cgroups_find(&screen.first);
	/* What is wrong with the options is said where it can be read. */
	view_make(&screen.view, &screen.first, NULL);
	layout_make(&screen.layout, &screen.view, 0);
	start();
	/* Those of ncurses for a new size and for ^Z stay. */
	for (size_t i = 0; i < 4; i++)
		if (sigaction(signals[i], &action, NULL))
			die("cannot set a signal: %s", strerror(errno));
	while (!screen.quit) {
		double now = moment();

		if (!screen.paused && now >= screen.next) {
			read_files();
			screen.next = now + options.seconds;
		}
		draw();
		wait_for_something(&waiting);
	}
	screen_end();
	/*
	 * The thread may be in the middle of something that exit() would take apart. After a
	 * hang-up, SIGCONT may come, which the leak check of a sanitizer waits through for ever.
	 */
	_exit(0);
}
