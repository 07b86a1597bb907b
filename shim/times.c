/* strftime with the letters and flags that glibc has beyond musl's, and strptime as glibc reads. Both
   in the C locale, the only one whose words there are. */
#include "wfx.h"
#include <ctype.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <wchar.h>

struct text { char *to; size_t used, size; };
static void add(struct text *text, const char *from, size_t length)
{
	for (size_t i = 0; i < length; i++, text->used++) if (text->used < text->size) text->to[text->used] = from[i];
}

/* One conversion, with its flags: `_`, `-`, `0`, `+` pad, `^` and `#` turn letters, a number widens. */
static void conversion(struct text *text, const char **at, const struct tm *tm)
{
	char pad = 0, turn = 0, format[8], out[1024];
	int width = 0, plus = 0;
	const char *from = *at;   /* behind the % */
	for (;; from++) {
		if (strchr("_-0", *from) && *from) pad = *from;
		else if (*from == '^' || *from == '#') turn = *from;
		else if (*from == '+') plus = 1;
		else break;
	}
	while (isdigit((unsigned char)*from)) { width = width < 100000 ? width * 10 + (*from - '0') : width; from++; }
	if (*from == 'E' || *from == 'O') from++;
	char letter = *from;
	if (!letter) { add(text, *at - 1, (size_t)(from - *at) + 1); *at = from; return; }
	*at = from + 1;
	int numeric = 0, digits = 2;
	char fill = '0';
	long long value = 0;
	size_t length;
	switch (letter) {
	case 'C': numeric = 1; value = ((long long)tm->tm_year + 1900) / 100; if ((tm->tm_year + 1900ll) % 100 < 0) value--; break;
	case 'd': numeric = 1; value = tm->tm_mday; break;
	case 'e': numeric = 1; value = tm->tm_mday; fill = ' '; break;
	case 'H': numeric = 1; value = tm->tm_hour; break;
	case 'k': numeric = 1; value = tm->tm_hour; fill = ' '; break;
	case 'I': case 'l': numeric = 1; value = tm->tm_hour % 12 ? tm->tm_hour % 12 : 12; if (letter == 'l') fill = ' '; break;
	case 'j': numeric = 1; value = tm->tm_yday + 1; digits = 3; break;
	case 'm': numeric = 1; value = tm->tm_mon + 1; break;
	case 'M': numeric = 1; value = tm->tm_min; break;
	case 'S': numeric = 1; value = tm->tm_sec; break;
	case 'u': numeric = 1; value = tm->tm_wday ? tm->tm_wday : 7; digits = 1; break;
	case 'w': numeric = 1; value = tm->tm_wday; digits = 1; break;
	case 'U': numeric = 1; value = (tm->tm_yday - tm->tm_wday + 7) / 7; break;
	case 'W': numeric = 1; value = (tm->tm_yday - (tm->tm_wday + 6) % 7 + 7) / 7; break;
	case 'y': numeric = 1; value = ((tm->tm_year % 100) + 100) % 100; break;
	case 'Y': numeric = 1; value = tm->tm_year + 1900ll; digits = plus ? 4 : 1; break;
	case 's': { struct tm copy = *tm; numeric = 1; value = mktime(&copy); digits = 1; break; }
	}
	if (numeric) {
		int negative = value < 0;
		char number[32];
		int size = snprintf(number, sizeof number, "%lld", negative ? -value : value);
		if (pad == '_') fill = ' ';
		if (pad == '0' || pad == '+') fill = '0';
		if (pad == '-') digits = 0;
		else if (width > digits) digits = width;
		if (digits > 900) digits = 900;
		length = 0;
		if (fill == ' ') while ((int)length + size + negative < digits) out[length++] = ' ';
		if (negative) out[length++] = '-';
		else if (plus && (letter == 'Y' || letter == 'C') && size > (letter == 'Y' ? 4 : 2)) out[length++] = '+';
		if (fill != ' ') while ((int)length + size < digits) out[length++] = '0';
		memcpy(out + length, number, (size_t)size);
		length += (size_t)size;
		for (int i = (int)length; i < width; i++) add(text, " ", 1);
		add(text, out, length);
		return;
	}
	switch (letter) {
	case 'P': strcpy(out, tm->tm_hour > 11 ? "pm" : "am"); break;
	case 'Z': {
		const char *zone = tm->tm_zone;
		if (!(zone && *zone) && tm->tm_isdst >= 0) { tzset(); zone = tzname[tm->tm_isdst != 0]; }
		snprintf(out, sizeof out, "%s", zone ? zone : "");
		break;
	}
	case 'n': strcpy(out, "\n"); break;
	case 't': strcpy(out, "\t"); break;
	case '%': strcpy(out, "%"); break;
	case '+': add(text, *at - 2, 2); return;
	case 'a': case 'A': if ((unsigned)tm->tm_wday > 6) { strcpy(out, "?"); break; } /* fall through */
	case 'b': case 'h': case 'B': if (strchr("bhB", letter) && (unsigned)tm->tm_mon > 11) { strcpy(out, "?"); break; } /* fall through */
	case 'c': case 'D': case 'F': case 'g': case 'G': case 'p': case 'r': case 'R': case 'T': case 'V': case 'x': case 'X': case 'z':
		snprintf(format, sizeof format, "%%%c", letter);
		if (!strftime(out, sizeof out, format, tm)) *out = 0;
		break;
	default:
		/* glibc writes what it does not know as it stands. */
		add(text, from - (from - (*at - 1)), 0);
		{
			const char *start = *at - 1;
			while (*start != '%') start--;
			add(text, start, (size_t)(*at - start));
		}
		return;
	}
	length = strlen(out);
	if (turn == '#' && (letter == 'p')) turn = 'l';
	if (turn == '#' && (letter == 'Z')) turn = 'l';
	for (size_t i = 0; i < length && turn; i++) out[i] = (char)(turn == 'l' ? tolower((unsigned char)out[i]) : toupper((unsigned char)out[i]));
	int zeros = pad == '0' || (strchr("gGVz", letter) && pad != '_');
	if (pad == '-' && strchr("gGV", letter)) {
		size_t skip = strspn(out, "0");
		if (skip == length && skip) skip--;
		memmove(out, out + skip, length - skip + 1);
		length -= skip;
	}
	for (int i = (int)length; i < width; i++) add(text, zeros ? "0" : " ", 1);
	add(text, out, length);
}
size_t WFX(strftime)(char *to, size_t size, const char *format, const struct tm *tm)
{
	struct text text = { to, 0, size };
	while (*format) {
		if (*format != '%') { add(&text, format++, 1); continue; }
		format++;
		conversion(&text, &format, tm);
	}
	if (text.used >= size) { if (size) to[size - 1] = 0; return 0; }
	to[text.used] = 0;
	return text.used;
}
size_t WFX(strftime_l)(char *to, size_t size, const char *format, const struct tm *tm, locale_t locale) { (void)locale; return wfx_strftime(to, size, format, tm); }
WFX_ALIAS(__strftime_l, strftime_l);

size_t WFX(wcsftime)(wchar_t *to, size_t size, const wchar_t *format, const struct tm *tm)
{
	size_t bytes = wcstombs(0, format, 0), result = 0;
	if (bytes == (size_t)-1) return 0;
	char *narrow = malloc(bytes + 1), *out = malloc(size * 4 + 1);
	if (narrow && out) {
		wcstombs(narrow, format, bytes + 1);
		size_t used = wfx_strftime(out, size * 4 + 1, narrow, tm), wide = used ? mbstowcs(0, out, 0) : 0;
		if (wide != (size_t)-1 && wide < size) {
			if (used) mbstowcs(to, out, size);
			else if (size) *to = 0;
			result = wide;
		}
	}
	free(narrow);
	free(out);
	return result;
}
size_t WFX(wcsftime_l)(wchar_t *to, size_t size, const wchar_t *format, const struct tm *tm, locale_t locale) { (void)locale; return wfx_wcsftime(to, size, format, tm); }
WFX_ALIAS(__wcsftime_l, wcsftime_l);

/* The zone of a time in UTC is GMT in glibc, as headers of mails and web pages want it. */
static struct tm *utc(struct tm *tm)
{
	if (tm) tm->tm_zone = "GMT";
	return tm;
}
struct tm *WFX(gmtime)(const time_t *at) { return utc(gmtime(at)); }
struct tm *WFX(gmtime_r)(const time_t *at, struct tm *tm) { return utc(gmtime_r(at, tm)); }
WFX_ALIAS(__gmtime_r, gmtime_r);
time_t WFX(timegm)(struct tm *tm)
{
	time_t at = timegm(tm);
	utc(tm);
	return at;
}

/* --- strptime --- */
static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December" };
struct seen { int century, week_sunday, week_monday, wday, yday, mon, mday, pm, is_pm, hour12, year, century_given; };

/* glibc skips spaces, then reads up to `digits` digits. */
static const char *number(const char *at, int low, int high, int digits, int *to)
{
	int value = 0, read = 0;
	while (*at == ' ') at++;
	if (!isdigit((unsigned char)*at)) return 0;
	do value = value * 10 + (*at++ - '0'); while (++read < digits && value * 10 <= high && isdigit((unsigned char)*at));
	if (value < low || value > high) return 0;
	*to = value;
	return at;
}
static const char *word(const char *at, const char *const *words, int count, int *to)
{
	for (int i = 0; i < count; i++) {
		size_t length = strlen(words[i]);
		if (!strncasecmp(at, words[i], length)) { *to = i; return at + length; }
		if (!strncasecmp(at, words[i], 3)) { *to = i; return at + 3; }
	}
	return 0;
}
static int is_leap(int year) { return (year % 4 == 0 && year % 100) || year % 400 == 0; }
static const int before[2][13] = { { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 }, { 0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366 } };

static const char *parse(const char *at, const char *format, struct tm *tm, struct seen *seen)
{
	int value;
	for (; *format; format++) {
		if (isspace((unsigned char)*format)) { while (isspace((unsigned char)*at)) at++; continue; }
		if (*format != '%' || format[1] == '%') {
			if (*format == '%') format++;
			if (*format != *at++) return 0;
			continue;
		}
		format++;
		while (*format == '-' || *format == '_' || *format == '0' || *format == '^' || *format == '#') format++;
		if (*format == 'E' || *format == 'O') format++;
		const char *inner = 0;
		switch (*format) {
		case 'a': case 'A': if (!(at = word(at, days, 7, &tm->tm_wday))) return 0; seen->wday = 1; break;
		case 'b': case 'B': case 'h': if (!(at = word(at, months, 12, &tm->tm_mon))) return 0; seen->mon = 1; break;
		case 'c': inner = "%a %b %e %H:%M:%S %Y"; break;
		case 'D': case 'x': inner = "%m/%d/%y"; break;
		case 'F': inner = "%Y-%m-%d"; break;
		case 'r': inner = "%I:%M:%S %p"; break;
		case 'R': inner = "%H:%M"; break;
		case 'T': case 'X': inner = "%H:%M:%S"; break;
		case 'C': if (!(at = number(at, 0, 99, 2, &seen->century))) return 0; seen->century_given = 1; break;
		case 'd': case 'e': if (!(at = number(at, 1, 31, 2, &tm->tm_mday))) return 0; seen->mday = 1; break;
		case 'H': case 'k': if (!(at = number(at, 0, 23, 2, &tm->tm_hour))) return 0; seen->hour12 = 0; break;
		case 'I': case 'l': if (!(at = number(at, 1, 12, 2, &value))) return 0; tm->tm_hour = value % 12; seen->hour12 = 1; break;
		case 'j': if (!(at = number(at, 1, 366, 3, &value))) return 0; tm->tm_yday = value - 1; seen->yday = 1; break;
		case 'm': if (!(at = number(at, 1, 12, 2, &value))) return 0; tm->tm_mon = value - 1; seen->mon = 1; break;
		case 'M': if (!(at = number(at, 0, 59, 2, &tm->tm_min))) return 0; break;
		case 'S': if (!(at = number(at, 0, 61, 2, &tm->tm_sec))) return 0; break;
		case 'n': case 't': while (isspace((unsigned char)*at)) at++; break;
		case 'p': case 'P':
			if (!strncasecmp(at, "AM", 2)) seen->is_pm = 0;
			else if (!strncasecmp(at, "PM", 2)) seen->is_pm = 1;
			else return 0;
			at += 2;
			seen->pm = 1;
			break;
		case 's': {
			time_t seconds = 0;
			if (!isdigit((unsigned char)*at)) return 0;
			while (isdigit((unsigned char)*at)) seconds = seconds * 10 + (*at++ - '0');
			if (!localtime_r(&seconds, tm)) return 0;
			break;
		}
		case 'u': if (!(at = number(at, 1, 7, 1, &value))) return 0; tm->tm_wday = value % 7; seen->wday = 1; break;
		case 'w': if (!(at = number(at, 0, 6, 1, &tm->tm_wday))) return 0; seen->wday = 1; break;
		case 'g': case 'V': if (!(at = number(at, 0, *format == 'g' ? 99 : 53, 2, &value))) return 0; break;
		case 'G': if (!isdigit((unsigned char)*at)) return 0; while (isdigit((unsigned char)*at)) at++; break;
		case 'U': if (!(at = number(at, 0, 53, 2, &value))) return 0; seen->week_sunday = value + 1; break;
		case 'W': if (!(at = number(at, 0, 53, 2, &value))) return 0; seen->week_monday = value + 1; break;
		case 'y': if (!(at = number(at, 0, 99, 2, &value))) return 0; tm->tm_year = value >= 69 ? value : value + 100; seen->year = 2; break;
		case 'Y': if (!(at = number(at, 0, 9999, 4, &value))) return 0; tm->tm_year = value - 1900; seen->year = 4; break;
		case 'Z': while (isspace((unsigned char)*at)) at++; while (*at && !isspace((unsigned char)*at)) at++; break;
		case 'z': {
			while (*at == ' ') at++;
			if (*at == 'Z') { at++; tm->tm_gmtoff = 0; break; }
			if (*at != '+' && *at != '-') return 0;
			int minus = *at++ == '-', digits = 0;
			value = 0;
			while (digits < 4 && isdigit((unsigned char)*at)) {
				value = value * 10 + (*at++ - '0');
				if (++digits == 2 && *at == ':') at++;
			}
			if (digits == 2) value *= 100;
			else if (digits != 4 || value % 100 >= 60) return 0;
			if (value > 1400) return 0;
			tm->tm_gmtoff = (value / 100 * 60 + value % 100) * 60;
			if (minus) tm->tm_gmtoff = -tm->tm_gmtoff;
			break;
		}
		default: return 0;
		}
		if (inner && !(at = parse(at, inner, tm, seen))) return 0;
	}
	return at;
}
char *WFX(strptime)(const char *text, const char *format, struct tm *tm)
{
	struct seen seen = { 0 };
	const char *end = parse(text, format, tm, &seen);
	if (!end) return 0;
	if (seen.hour12 && seen.pm && seen.is_pm) tm->tm_hour += 12;
	if (seen.century_given) tm->tm_year = seen.year == 2 ? tm->tm_year % 100 + (seen.century - 19) * 100 : (seen.century - 19) * 100;
	/* glibc fills in the days that follow from the others. */
	int year = tm->tm_year + 1900, leap = is_leap(year);
	int january_first = (int)((365ll * (year - 1) + (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 + 1) % 7);
	int date = seen.mon || seen.mday || seen.year || seen.century_given;
	if (date && !(seen.mon && seen.mday) && seen.yday) {
		int month = 0;
		while (month < 11 && before[leap][month + 1] <= tm->tm_yday) month++;
		if (!seen.mon) tm->tm_mon = month;
		if (!seen.mday) tm->tm_mday = tm->tm_yday - before[leap][tm->tm_mon] + 1;
		seen.mon = seen.mday = 1;
	}
	if (date && !seen.wday && (unsigned)tm->tm_mon < 12) {
		int day = before[leap][tm->tm_mon] + tm->tm_mday - 1;
		tm->tm_wday = ((january_first + day) % 7 + 7) % 7;
	}
	if (date && !seen.yday && (unsigned)tm->tm_mon < 12) tm->tm_yday = before[leap][tm->tm_mon] + tm->tm_mday - 1;
	if ((seen.week_sunday || seen.week_monday) && seen.wday) {
		int week = (seen.week_sunday ? seen.week_sunday : seen.week_monday) - 1;
		int first = seen.week_sunday ? (7 - january_first) % 7 : (8 - january_first) % 7;
		int weekday = seen.week_sunday ? tm->tm_wday : (tm->tm_wday + 6) % 7;
		int day = first + (week - 1) * 7 + weekday, month = 0;
		while (month < 11 && before[leap][month + 1] <= day) month++;
		tm->tm_yday = day;
		if (!seen.mon) tm->tm_mon = month;
		if (!seen.mday) tm->tm_mday = day - before[leap][month] + 1;
	}
	return (char *)end;
}
char *WFX(strptime_l)(const char *text, const char *format, struct tm *tm, locale_t locale) { (void)locale; return wfx_strptime(text, format, tm); }
