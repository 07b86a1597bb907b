/* same */
#include "planted.h"
#include <charconv>
#include <cmath>
#include <complex>
#include <limits>
#include <string>
#include <valarray>
RUN
{
	say("%s %s %d %.3f %g\n", std::to_string(1.5).c_str(), std::to_string(-7ll).c_str(), std::stoi("42abc"), std::stod("2.5e1"), (double)std::stof("1e-3"));
	try { std::stoi("x"); } catch (const std::invalid_argument &e) { say("%s\n", e.what()); }
	try { std::stoi("99999999999"); } catch (const std::out_of_range &e) { say("%s\n", e.what()); }
	try { std::stoi(""); } catch (const std::invalid_argument &e) { say("%s\n", e.what()); }
	try { std::stod("1e999"); } catch (const std::out_of_range &e) { say("%s\n", e.what()); }
	double d = 0;
	const char *text = "3.25e2rest";
	auto r = std::from_chars(text, text + 10, d);
	say("%g %s\n", d, r.ptr);
	char to[50] = "";
	*std::to_chars(to, to + 50, 0.1).ptr = 0;
	say("%s ", to);
	*std::to_chars(to, to + 50, 1e300, std::chars_format::scientific, 5).ptr = 0;
	say("%s\n", to);
	say("%d %d %d\n", std::isnan(std::nan("")), std::isinf(std::numeric_limits<float>::infinity()), std::fpclassify(5e-324) == FP_SUBNORMAL);
	std::complex<double> z = std::pow(std::complex<double>(1, 2), 2.0);
	say("%.4f %.4f %.6f %.6f\n", z.real(), z.imag(), std::tgamma(4.5), std::erf(0.5));
	say("%.6f %.6f %.6f\n", std::beta(2.0, 3.0), std::riemann_zeta(2.0), std::cyl_bessel_j(1.0, 2.0));
	DONE;
}
