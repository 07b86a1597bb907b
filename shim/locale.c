/* Locales as code compiled against glibc takes them: locale_t is a structure that inlined code looks
   into (ctype tables at 104, 112 and 120), nl_langinfo has items of glibc's own, and a locale that is not
   there is refused. What there is: C (POSIX) and C.UTF-8, as in glibc without installed locales. */
#include "wfx.h"
#include <ctype.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>

extern const unsigned short **__ctype_b_loc(void);

/* tolower and toupper of -128 to 255: musl's tables have 0 for bytes beyond ASCII, glibc's the byte. */
static int32_t lower[384], upper[384];
static const int32_t *const lower_at = lower + 128, *const upper_at = upper + 128;
const int32_t **WFX(__ctype_tolower_loc)(void) { return (const int32_t **)&lower_at; }
const int32_t **WFX(__ctype_toupper_loc)(void) { return (const int32_t **)&upper_at; }
__attribute__((constructor)) static void fill_case(void)
{
	for (int i = -128; i < 256; i++) {
		int byte = i == -1 ? -1 : i & 255;
		lower[i + 128] = i >= 'A' && i <= 'Z' ? i + 32 : byte;
		upper[i + 128] = i >= 'a' && i <= 'z' ? i - 32 : byte;
	}
}

/* musl's six categories come first; glibc's tables and names follow at glibc's places. */
struct locale {
	const void *categories[13];
	const unsigned short *b;
	const int32_t *lower, *upper;
	const char *names[13];
	struct locale *next;
};
_Static_assert(offsetof(struct locale, b) == 104 && offsetof(struct locale, lower) == 112 && offsetof(struct locale, upper) == 120
	&& offsetof(struct locale, names) == 128, "the layout of glibc's __locale_struct");

static struct locale *all;
static volatile int lock;
static void take(void) { while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE)) ; }
static void give(void) { __atomic_store_n(&lock, 0, __ATOMIC_RELEASE); }

static int is_c(const char *name) { return !strcmp(name, "C") || !strcmp(name, "POSIX"); }
static int is_utf8(const char *name)
{
	return !strncmp(name, "C.", 2) && (!strcasecmp(name + 2, "UTF-8") || !strcasecmp(name + 2, "utf8"));
}
/* The name as musl should hear it, or null. With MUSL_LOCPATH there may be more locales: musl decides. */
static const char *known(const char *name)
{
	if (!*name || getenv("MUSL_LOCPATH")) return name;
	if (is_c(name)) return "C";
	return is_utf8(name) ? "C.UTF-8" : 0;
}

static const char *const categories[] = { "LC_CTYPE", "LC_NUMERIC", "LC_TIME", "LC_COLLATE", "LC_MONETARY", "LC_MESSAGES" };
enum { CATEGORIES = 6 };

/* The value of a category in a composite name (LC_CTYPE=C.UTF-8;LC_NUMERIC=C;...), into to. */
static int value_of(const char *composite, int category, char *to, size_t size)
{
	size_t name = strlen(categories[category]);
	for (const char *at = composite; at && *at; at = strchr(at, ';') ? strchr(at, ';') + 1 : 0) {
		if (strncmp(at, categories[category], name) || at[name] != '=') continue;
		size_t length = strcspn(at + name + 1, ";");
		if (length >= size) return -1;
		memcpy(to, at + name + 1, length);
		to[length] = 0;
		return 0;
	}
	return -1;
}

static locale_t adopt(locale_t from)
{
	struct locale *made = calloc(1, sizeof *made);
	if (!made) { freelocale(from); return 0; }
	memcpy(made->categories, from, CATEGORIES * sizeof *made->categories);
	freelocale(from);
	made->b = *__ctype_b_loc();
	made->lower = lower_at;
	made->upper = upper_at;
	for (int i = 0; i < 13; i++) made->names[i] = "C";
	take();
	made->next = all;
	all = made;
	give();
	return (locale_t)made;
}
static struct locale **find(locale_t locale)
{
	struct locale **at = &all;
	while (*at && (locale_t)*at != locale) at = &(*at)->next;
	return at;
}
static int is_ours(locale_t locale)
{
	take();
	int ours = *find(locale) != 0;
	give();
	return ours;
}
static const char *kept(const char *heard) { return is_utf8(heard) ? "C.UTF-8" : "C"; }

locale_t WFX(newlocale)(int mask, const char *name, locale_t base)
{
	char part[64];
	const char *heard = 0;
	if (!name || (mask & ~0x1fff)) { errno = EINVAL; return 0; }
	if (mask == 1 << LC_ALL) mask = 0x1fff;   /* as glibc does */
	mask &= (1 << CATEGORIES) - 1;
	int composite = strchr(name, '=') != 0;
	if (!composite && !(heard = known(name))) { errno = ENOENT; return 0; }
	if (composite)
		for (int i = 0; i < CATEGORIES; i++)
			if (mask >> i & 1 && (value_of(name, i, part, sizeof part) || !known(part))) { errno = EINVAL; return 0; }
	locale_t made = base;
	if (!made || !is_ours(made)) {
		/* Categories that the mask leaves out are C where there is no base. */
		locale_t plain = base ? duplocale(base) : newlocale(LC_ALL_MASK, "C", 0);
		if (!plain || !(made = adopt(plain))) return 0;
		if (base) freelocale(base);
	}
	for (int i = 0; i < CATEGORIES; i++) {
		if (!(mask >> i & 1)) continue;
		if (composite) { value_of(name, i, part, sizeof part); heard = known(part); }
		/* In place: musl takes an allocated base over. */
		if (!newlocale(1 << i, heard, made)) return 0;
		((struct locale *)made)->names[i] = kept(*heard ? heard : setlocale(i, 0));
	}
	return made;
}
WFX_ALIAS(__newlocale, newlocale);
locale_t WFX(duplocale)(locale_t locale)
{
	locale_t copy = duplocale(locale), made = copy ? adopt(copy) : 0;
	if (made && locale != LC_GLOBAL_LOCALE && is_ours(locale))
		memcpy(((struct locale *)made)->names, ((struct locale *)locale)->names, sizeof ((struct locale *)made)->names);
	return made;
}
WFX_ALIAS(__duplocale, duplocale);
void WFX(freelocale)(locale_t locale)
{
	take();
	struct locale **at = find(locale), *ours = *at;
	if (ours) *at = ours->next;
	give();
	if (ours) free(ours);
	else freelocale(locale);
}
WFX_ALIAS(__freelocale, freelocale);

/* musl calls a category C where C.UTF-8 changes nothing in it; glibc remembers the name. */
static char said_utf8[CATEGORIES];
static char *set(int category, const char *heard)
{
	char *answer = setlocale(category, heard);
	if (heard && *heard && answer) said_utf8[category] = (char)is_utf8(heard);
	return answer && category != LC_CTYPE && said_utf8[category] && !strcmp(answer, "C") ? "C.UTF-8" : answer;
}
char *WFX(setlocale)(int category, const char *name)
{
	static char answer[512];
	char part[64], *was;
	if (category < 0 || category > 12) { errno = EINVAL; return 0; }
	if (category > LC_ALL) return name && *name && !known(name) ? 0 : "C";
	if (category != LC_ALL) {
		if (!name) return set(category, 0);
		const char *heard = known(name);
		return heard ? set(category, heard) : 0;
	}
	if (name && strchr(name, '=')) {
		for (int i = 0; i < CATEGORIES; i++) if (value_of(name, i, part, sizeof part) || !known(part)) return 0;
		for (int i = 0; i < CATEGORIES; i++) { value_of(name, i, part, sizeof part); set(i, known(part)); }
	} else if (name && strchr(name, ';')) {
		if (!setlocale(LC_ALL, name)) return 0;   /* musl's own form, asked for before */
	} else if (name) {
		const char *heard = known(name);
		if (!heard || !setlocale(LC_ALL, heard)) return 0;
		for (int i = 0; i < CATEGORIES && *heard; i++) said_utf8[i] = (char)is_utf8(heard);
	}
	/* The answer in glibc's form: one name, or CATEGORY=NAME joined by semicolons. */
	int same = 1;
	char first[64];
	if (!(was = set(0, 0)) || strlen(was) >= sizeof first) return 0;
	strcpy(first, was);
	for (int i = 1; i < CATEGORIES; i++) if (!(was = set(i, 0)) || strcmp(was, first)) same = 0;
	if (same) return strcpy(answer, first);
	char *to = answer;
	for (int i = 0; i < CATEGORIES; i++) {
		was = set(i, 0);
		if (!was || strlen(was) > 50) return 0;
		to = stpcpy(stpcpy(stpcpy(to, categories[i]), "="), was);
		*to++ = ';';
	}
	strcpy(to, "LC_PAPER=C;LC_NAME=C;LC_ADDRESS=C;LC_TELEPHONE=C;LC_MEASUREMENT=C;LC_IDENTIFICATION=C");
	return answer;
}

/* --- nl_langinfo: items are (category << 16 | index), numbered as in glibc's <langinfo.h>. --- */

static const char months[12][10] = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December" };
static const char days[7][10] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
static const char *const formats[] = { "AM", "PM", "%a %b %e %H:%M:%S %Y", "%m/%d/%y", "%H:%M:%S", "%I:%M:%S %p" };
enum { TEXTS = 2 * 12 + 2 * 7 + 7 };
static char short_months[12][4], short_days[7][4];
static wchar_t wide[TEXTS][28];

static char *widened(int slot, const char *text, size_t length)
{
	wchar_t *to = wide[slot];
	for (size_t i = 0; i < length && text[i]; i++) to[i] = (wchar_t)text[i];
	return (char *)to;
}
__attribute__((constructor)) static void fill(void)
{
	int slot = 0;
	for (int i = 0; i < 7; i++) { memcpy(short_days[i], days[i], 3); widened(slot++, days[i], 3); }
	for (int i = 0; i < 7; i++) widened(slot++, days[i], 10);
	for (int i = 0; i < 12; i++) { memcpy(short_months[i], months[i], 3); widened(slot++, months[i], 3); }
	for (int i = 0; i < 12; i++) widened(slot++, months[i], 10);
	for (int i = 0; i < 6; i++) widened(slot++, formats[i], 27);
	widened(slot, "%a %b %e %H:%M:%S %Z %Y", 27);
}

static char *of_time(int index)
{
	static const wchar_t nothing[1];
	static const uint32_t first_day = 19971130;
	if (index < 7) return short_days[index];
	if (index < 14) return (char *)days[index - 7];
	if (index < 26) return short_months[index - 14];
	if (index < 38) return (char *)months[index - 26];
	if (index < 44) return (char *)formats[index - 38];
	if (index == 50) return 0;                                        /* no eras */
	if (index >= 52 && index < 96) return (char *)wide[index - 52];   /* names, then formats, wide */
	if (index >= 96 && index < 101) return (char *)nothing;
	if (index == 101) return "\7";
	if (index == 102) return (char *)(uintptr_t)first_day;
	if (index == 103) return "\4";
	if (index == 104) return "\1";
	if (index == 105) return "\2";
	if (index == 106) return "\1";
	if (index == 108) return "%a %b %e %H:%M:%S %Z %Y";
	if (index == 109) return (char *)wide[TEXTS - 1];
	if (index >= 111 && index < 123) return (char *)months[index - 111];
	if (index >= 123 && index < 135) return (char *)wide[26 + index - 123];
	if (index >= 135 && index < 147) return short_months[index - 135];
	if (index >= 147 && index < 159) return (char *)wide[14 + index - 147];
	return "";
}

static char *item(int number, const char *codeset)
{
	int index = number & 0xffff;
	switch (number >> 16) {
	case LC_CTYPE: return index == 14 ? (char *)codeset : "";
	case LC_NUMERIC:
		if (index == 0) return ".";
		if (index == 3) return (char *)(uintptr_t)L'.';
		if (index == 4) return 0;
		return index == 5 ? (char *)codeset : "";
	case LC_TIME: return index == 110 ? (char *)codeset : of_time(index);
	case LC_MONETARY:
		if (index == 15) return "-";
		if ((index >= 7 && index <= 21) || (index >= 24 && index <= 37)) return "\377";
		if (index == 38 || index == 40) return (char *)(uintptr_t)10101;
		if (index == 39 || index == 41) return (char *)(uintptr_t)99991231;
		if (index == 42) return "\1";
		if (index == 43 || index == 44) return 0;
		return index == 45 ? (char *)codeset : "";
	case LC_MESSAGES:
		if (index == 0) return "^[yY]";
		if (index == 1) return "^[nN]";
		return index == 4 ? (char *)codeset : "";
	}
	return "";
}
char *WFX(nl_langinfo_l)(int number, locale_t locale)
{
	return item(number, strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") ? "ANSI_X3.4-1968" : "UTF-8");
}
WFX_ALIAS(__nl_langinfo_l, nl_langinfo_l);
char *WFX(nl_langinfo)(int number)
{
	return item(number, strcmp(nl_langinfo(CODESET), "UTF-8") ? "ANSI_X3.4-1968" : "UTF-8");
}

/* Functions on one character of a locale that glibc has under these names. */
int WFX(__isascii_l)(int c, locale_t locale) { (void)locale; return c >= 0 && c < 128; }
int WFX(__toascii_l)(int c, locale_t locale) { (void)locale; return c & 127; }
int WFX(__isctype)(int c, int type) { return (*__ctype_b_loc())[c] & type; }
WFX_ALIAS(isctype, __isctype);
