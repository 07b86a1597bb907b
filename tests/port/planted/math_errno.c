/* same: flags -fno-builtin */
/* x86_64 only: zig would bring log and its like itself */
#include "planted.h"
#include <errno.h>
#include <math.h>
#define TRY(call) do { errno = 0; double value = call; say("%-28s %.10g %d\n", #call, value != value ? NAN : value, errno); } while (0)
volatile double zero = 0, one = 1, two = 2, big = 1e308, tiny = 1e-308;
volatile float fzero = 0;
RUN
{
	TRY(acos(two)); TRY(asin(-two)); TRY(acosh(zero)); TRY(atanh(one)); TRY(atanh(two)); TRY(log(zero)); TRY(log(-one)); TRY(log2(zero)); TRY(log10(-one)); TRY(log1p(-one)); TRY(log1p(-two));
	TRY(exp(big)); TRY(exp(-big)); TRY(exp(one)); TRY(exp2(2000)); TRY(exp2(-2000)); TRY(exp10(400)); TRY(expm1(big)); TRY(pow(big, two)); TRY(pow(tiny, two)); TRY(pow(zero, -one)); TRY(pow(-one, 0.5)); TRY(pow(zero, two));
	TRY(sqrt(-one)); TRY(sqrt(zero)); TRY(fmod(one, zero)); TRY(fmod(INFINITY, one)); TRY(remainder(one, zero)); TRY(hypot(big, big)); TRY(cosh(1000)); TRY(sinh(-1000)); TRY(sin(INFINITY)); TRY(cos(INFINITY)); TRY(tan(-INFINITY));
	TRY(tgamma(zero)); TRY(tgamma(-one)); TRY(tgamma(1000)); TRY(lgamma(zero)); TRY(lgamma(-two)); TRY(lgamma(1e307)); TRY(erfc(100)); TRY(fdim(big, -big)); TRY(nextafter(1.7976931348623157e308, INFINITY)); TRY(nextafter(zero, one)); TRY(ldexp(one, 2000)); TRY(ldexp(one, -2000)); TRY(scalbn(one, 2000)); TRY(scalbln(zero, 5));
	TRY(logb(zero)); say("%d\n", ilogb(zero) == FP_ILOGB0); say("%d\n", ilogb(NAN) == FP_ILOGBNAN); TRY(ilogbf(INFINITY)); say("%d\n", ilogbl(zero) == FP_ILOGB0); TRY(ilogbl(8)); TRY(ilogbl(INFINITY)); TRY(y0(zero)); TRY(y1(-one)); TRY(yn(2, zero)); TRY(exp(NAN)); TRY(log(NAN)); TRY(pow(NAN, zero)); TRY(exp(INFINITY)); TRY(exp(-INFINITY)); TRY(log(INFINITY));
	TRY(expf(1000)); TRY(logf(fzero)); TRY(powf(1e30f, 2)); TRY(sqrtf(-1)); TRY(sinf(INFINITY)); TRY(drem(one, zero)); TRY(cbrt(-8)); TRY(hypot(INFINITY, NAN)); TRY(fmod(zero, one)); TRY(remainder(zero, one)); TRY(pow(zero, zero)); TRY(erfc(2)); TRY(nextafter(one, one)); TRY(fdim(one, two));
	DONE;
}
