/* Text from and to _Float128, and strfrom* for the other types. On x86-64 musl has no type of 113 bits:
   the digits are worked out in whole numbers, exactly, and rounded once to the nearest (ties to even).
   Elsewhere _Float128 is long double. */
#include "wfx.h"
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>

/* A format of strfrom: %, at most a precision, one letter. -1 where it is none; no precision is -2. */
static int read_format(const char *format, char *letter)
{
	int precision = -2;
	if (*format++ != '%') return -1;
	if (*format == '.') {
		precision = 0;
		for (format++; *format >= '0' && *format <= '9'; format++) precision = precision < 100000 ? precision * 10 + (*format - '0') : precision;
	}
	if (!*format || !strchr("aAeEfFgG", *format) || format[1]) return -1;
	*letter = *format;
	return precision;
}
static int from_long(char *to, size_t size, const char *format, long double value)
{
	char own[16], letter;
	int precision = read_format(format, &letter);
	if (precision == -1) abort();
	if (precision == -2) snprintf(own, sizeof own, "%%L%c", letter);
	else snprintf(own, sizeof own, "%%.%dL%c", precision, letter);
	return snprintf(to, size, own, value);
}
static int from_double(char *to, size_t size, const char *format, double value)
{
	char letter;
	if (read_format(format, &letter) == -1) abort();
	return snprintf(to, size, format, value);
}
int WFX(strfromd)(char *to, size_t size, const char *format, double value) { return from_double(to, size, format, value); }
int WFX(strfromf)(char *to, size_t size, const char *format, float value) { return from_double(to, size, format, value); }
int WFX(strfroml)(char *to, size_t size, const char *format, long double value) { return from_long(to, size, format, value); }

#if defined(__x86_64__)
typedef struct { uint64_t low, high; } bits;
static bits bits_of(__float128 value) { bits b; memcpy(&b, &value, sizeof b); return b; }
static __float128 of_bits(bits b) { __float128 value; memcpy(&value, &b, sizeof b); return value; }
enum { BIAS = 16383, WORDS = 2400 };

/* A whole number: words of 32 bits, the lowest first. */
struct big { int used; uint32_t word[WORDS]; };
static void multiply(struct big *big, uint32_t by, uint32_t add)
{
	uint64_t carry = add;
	for (int i = 0; i < big->used; i++) {
		carry += (uint64_t)big->word[i] * by;
		big->word[i] = (uint32_t)carry;
		carry >>= 32;
	}
	if (carry && big->used < WORDS) big->word[big->used++] = (uint32_t)carry;
}
static uint32_t divide(struct big *big, uint32_t by)
{
	uint64_t rest = 0;
	for (int i = big->used; i-- > 0; ) {
		rest = rest << 32 | big->word[i];
		big->word[i] = (uint32_t)(rest / by);
		rest %= by;
	}
	while (big->used && !big->word[big->used - 1]) big->used--;
	return (uint32_t)rest;
}
static void shift_up(struct big *big, int by)
{
	int words = by / 32;
	if (!big->used) return;
	memmove(big->word + words, big->word, (size_t)big->used * 4);
	memset(big->word, 0, (size_t)words * 4);
	big->used += words;
	if (by % 32) multiply(big, 1u << by % 32, 0);
}
static int length(const struct big *big) { return big->used ? big->used * 32 - __builtin_clz(big->word[big->used - 1]) : 0; }
static int bit(const struct big *big, int at) { return at >= 0 && at / 32 < big->used && big->word[at / 32] >> at % 32 & 1; }

/* The nearest _Float128 to big * 2^scale; `rest` says that there is more below. */
static bits rounded(const struct big *big, int scale, int rest, int minus)
{
	bits result = { 0, (uint64_t)minus << 63 };
	int size = length(big);
	if (!size) { if (rest) errno = ERANGE; return result; }
	int exponent = size - 1 + scale, keep = 113;
	if (exponent < 1 - BIAS) keep = 113 - (1 - BIAS - exponent);
	int least = size - keep;   /* the lowest bit that stays */
	if (keep < 0) { errno = ERANGE; return result; }
	uint64_t low = 0, high = 0;
	for (int i = 0; i < keep; i++) if (bit(big, least + i)) { if (i < 64) low |= 1ull << i; else high |= 1ull << (i - 64); }
	int half = bit(big, least - 1), below = rest;
	for (int i = 0; i < least - 1 && !below; i++) below = bit(big, i);
	if (half && (below || low & 1)) { if (!++low) high++; }
	if (exponent < 1 - BIAS) {
		/* Subnormal, or just rounded up to the least normal number, whose bits follow on. */
		if (half || below || !(low | high)) errno = ERANGE;
		result.low = low;
		result.high |= high;
		return result;
	}
	if (high >> 49) { high >>= 1; exponent++; }
	if (exponent > BIAS) { errno = ERANGE; result.high |= 0x7fffull << 48; return result; }
	result.low = low;
	result.high |= (uint64_t)(exponent + BIAS) << 48 | (high & 0xffffffffffff);
	return result;
}

static int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : 99; }
static bits parse(const char *from, char **end)
{
	const char *at = from, *stop = from;
	struct big big;
	int minus = 0, any = 0, point = 0, scale = 0, rest = 0, base = 10, most = 11700, kept = 0;
	bits result = { 0, 0 };
	big.used = 0;
	while (*at == ' ' || (*at >= 9 && *at <= 13)) at++;
	if (*at == '-' || *at == '+') minus = *at++ == '-';
	result.high = (uint64_t)minus << 63;
	if (!strncasecmp(at, "inf", 3)) {
		result.high |= 0x7fffull << 48;
		if (end) *end = (char *)at + (strncasecmp(at, "infinity", 8) ? 3 : 8);
		return result;
	}
	if (!strncasecmp(at, "nan", 3)) {
		result.high |= 0x7fff8ull << 44;
		at += 3;
		if (*at == '(') {
			const char *close = at + 1;
			while (digit(*close) < 16 || *close == '_' || ((*close | 32) >= 'a' && (*close | 32) <= 'z')) close++;
			if (*close == ')') at = close + 1;
		}
		if (end) *end = (char *)at;
		return result;
	}
	if (*at == '0' && (at[1] | 32) == 'x' && (digit(at[2]) < 16 || (at[2] == '.' && digit(at[3]) < 16))) { base = 16; at += 2; most = 60; }
	for (;; at++) {
		if (*at == '.' && !point) { point = 1; continue; }
		int value = digit(*at);
		if (value >= base) break;
		any = 1;
		stop = at + 1;
		if (point) scale--;
		if (!kept && !value) continue;
		if (kept < most) {
			kept++;
			if (!big.used && value) { big.used = 1; big.word[0] = (uint32_t)value; }
			else multiply(&big, (uint32_t)base, (uint32_t)value);
		} else {
			scale++;
			rest |= value != 0;
		}
	}
	if (!any) { if (end) *end = (char *)from; result.high = 0; return result; }
	if (*stop == '.') stop++;
	if (base == 16) scale *= 4;
	if ((*stop | 32) == (base == 16 ? 'p' : 'e')) {
		const char *exponent = stop + 1;
		int down = *exponent == '-', value = 0;
		if (*exponent == '-' || *exponent == '+') exponent++;
		if (*exponent >= '0' && *exponent <= '9') {
			for (; *exponent >= '0' && *exponent <= '9'; exponent++) value = value < 1000000 ? value * 10 + (*exponent - '0') : value;
			scale += down ? -value : value;
			stop = exponent;
		}
	}
	if (end) *end = (char *)stop;
	if (!big.used) return result;
	if (base == 16) return rounded(&big, scale, rest, minus);
	/* Beyond the range whatever the digits are. */
	if (scale + kept > 5000) { errno = ERANGE; result.high |= 0x7fffull << 48; return result; }
	if (scale + kept < -5100) { errno = ERANGE; return result; }
	for (; scale >= 9; scale -= 9) multiply(&big, 1000000000, 0);
	for (; scale > 0; scale--) multiply(&big, 10, 0);
	if (scale == 0) return rounded(&big, 0, rest, minus);
	/* Enough bits that the quotient has more than it keeps. */
	int up = 130 + (int)(-scale * 10 / 3 + 1) - length(&big);
	if (up < 0) up = 0;
	shift_up(&big, up);
	for (; scale <= -9; scale += 9) rest |= divide(&big, 1000000000) != 0;
	for (; scale < 0; scale++) rest |= divide(&big, 10) != 0;
	return rounded(&big, -up, rest, minus);
}
__float128 WFX(strtof128)(const char *from, char **end) { return of_bits(parse(from, end)); }
__float128 WFX(strtof128_l)(const char *from, char **end, locale_t locale) { (void)locale; return of_bits(parse(from, end)); }

/* The decimal digits of m * 2^e: `digits` of them (no leading zero) with the point behind the first
   `*point`; there are never more than these. */
static int digits_of(uint64_t high, uint64_t low, int e, char *digits, int *point)
{
	struct big big = { 4, { (uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high, (uint32_t)(high >> 32) } };
	int count = 0, fraction = 0;
	while (big.used && !big.word[big.used - 1]) big.used--;
	if (e > 0) shift_up(&big, e);
	/* m / 2^n = m * 5^n / 10^n */
	else for (fraction = -e; e < 0; ) { int step = -e < 13 ? -e : 13; uint32_t five = 1; for (int i = 0; i < step; i++) five *= 5; multiply(&big, five, 0); e += step; }
	while (big.used) {
		uint32_t nine = divide(&big, 1000000000);
		for (int i = 0; i < 9 && (big.used || nine); i++) { digits[count++] = (char)('0' + nine % 10); nine /= 10; }
	}
	for (int i = 0; i < count / 2; i++) { char c = digits[i]; digits[i] = digits[count - 1 - i]; digits[count - 1 - i] = c; }
	*point = count - fraction;
	return count;
}
/* Keeps `keep` digits, rounding to the nearest, ties to even; their number, one more place in *point on carry. */
static int round_digits(char *digits, int count, int keep, int *point)
{
	if (keep >= count) return count;
	if (keep < 0) return 0;
	int up = digits[keep] > '5';
	if (digits[keep] == '5') {
		for (int i = keep + 1; i < count && !up; i++) up = digits[i] != '0';
		if (!up) up = keep > 0 && (digits[keep - 1] & 1);
	}
	int at = keep;
	while (up && at > 0) {
		if (digits[at - 1] != '9') { digits[at - 1]++; up = 0; break; }
		digits[--at] = '0';
	}
	if (up) { memmove(digits + 1, digits, (size_t)keep); digits[0] = '1'; ++*point; return keep + 1; }
	return keep;
}
struct text { char *to; size_t size, used; };
static void put(struct text *text, char c) { if (text->used + 1 < text->size) text->to[text->used] = c; text->used++; }
static void put_digit(struct text *text, const char *digits, int count, int at) { put(text, at >= 0 && at < count ? digits[at] : '0'); }

int WFX(strfromf128)(char *to, size_t size, const char *format, __float128 value)
{
	char letter, exponent_text[16], *digits;
	int precision = read_format(format, &letter), point = 0, count = 0, upper = letter >= 'A' && letter <= 'Z';
	bits b = bits_of(value);
	struct text text = { to, size, 0 };
	int e = (int)(b.high >> 48 & 0x7fff);
	uint64_t high = b.high & 0xffffffffffff;
	if (precision == -1) abort();
	if (b.high >> 63) put(&text, '-');
	letter |= 32;
	if (e == 0x7fff) {
		const char *word = high | b.low ? (upper ? "NAN" : "nan") : upper ? "INF" : "inf";
		while (*word) put(&text, *word++);
		goto done;
	}
	if (letter == 'a') {
		/* One hexadecimal digit before the point, 28 behind it at most. */
		int lead = e != 0, binary = high | b.low || e ? (e ? e : 1) - BIAS : 0, places = 28;
		unsigned char hex[29];
		for (int i = 0; i < 28; i++) hex[i] = (unsigned char)((i < 12 ? high >> (44 - 4 * i) : b.low >> (60 - 4 * (i - 12))) & 15);
		if (precision == -2) while (places && !hex[places - 1]) places--;
		else if (precision < 28) {
			int half = hex[precision], above = half > 8;
			for (int i = precision + 1; i < 28 && half == 8 && !above; i++) above = hex[i] != 0;
			if (half == 8 && !above) above = precision ? hex[precision - 1] & 1 : lead & 1;
			for (int i = precision; above; ) { if (i == 0) { lead++; break; } if (hex[--i] < 15) { hex[i]++; break; } hex[i] = 0; }
			places = precision;
		}
		put(&text, '0');
		put(&text, upper ? 'X' : 'x');
		put(&text, (char)('0' + lead));
		if (places || precision > 0) put(&text, '.');
		for (int i = 0; i < (precision > places ? precision : places); i++) put(&text, i < places ? (upper ? "0123456789ABCDEF" : "0123456789abcdef")[hex[i]] : '0');
		snprintf(exponent_text, sizeof exponent_text, "%c%+d", upper ? 'P' : 'p', binary);
		for (char *c = exponent_text; *c; c++) put(&text, *c);
		goto done;
	}
	if (precision == -2) precision = 6;
	if (!(digits = malloc(18000))) abort();
	if (e) high |= 1ull << 48;
	else e = 1;
	if (high | b.low) count = digits_of(high, b.low, e - BIAS - 112, digits, &point);
	else point = 1;
	int trim = 0, style = letter;
	if (letter == 'g') {
		if (!precision) precision = 1;
		count = round_digits(digits, count, precision, &point);
		int x = count ? point - 1 : 0;
		trim = 1;
		if (x < -4 || x >= precision) { style = 'e'; precision--; }
		else { style = 'f'; precision -= 1 + x; }
	}
	if (style == 'e') {
		count = round_digits(digits, count, precision + 1, &point);
		int last = precision;
		if (trim) while (last > 0 && (last >= count || digits[last] == '0')) last--;
		put_digit(&text, digits, count, 0);
		if (last > 0) put(&text, '.');
		for (int i = 1; i <= last; i++) put_digit(&text, digits, count, i);
		snprintf(exponent_text, sizeof exponent_text, "%c%+03d", upper ? 'E' : 'e', count ? point - 1 : 0);
		for (char *c = exponent_text; *c; c++) put(&text, *c);
	} else {
		count = round_digits(digits, count, point + precision, &point);
		int last = precision;
		if (trim) while (last > 0 && (point + last - 1 >= count || point + last - 1 < 0 || digits[point + last - 1] == '0')) last--;
		if (point <= 0) put(&text, '0');
		for (int i = 0; i < point; i++) put_digit(&text, digits, count, i);
		if (last > 0) put(&text, '.');
		for (int i = 0; i < last; i++) put_digit(&text, digits, count, point + i);
	}
	free(digits);
done:
	if (size) to[text.used < size ? text.used : size - 1] = 0;
	return (int)text.used;
}
#endif
