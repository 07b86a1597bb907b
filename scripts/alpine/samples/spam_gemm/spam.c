/* needs libscipy_openblas.so: prototypes instead of headers */
#include <Python.h>
enum { ROW_MAJOR = 101, NO_TRANSPOSE = 111 };
extern void scipy_cblas_dgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, double alpha, const double *a,
                              int step_a, const double *b, int step_b, double beta, double *c, int step_c);
/* power(n): (1 1; 1 0) to the n-th, whose second number is the n-th of Fibonacci's */
static PyObject *power(PyObject *s, PyObject *a) {
  double x[4] = {1, 0, 0, 1}, y[4] = {1, 1, 1, 0}, z[4]; int n;
  if (!PyArg_ParseTuple(a, "i", &n)) return NULL;
  for (; n > 0; n--) {
    scipy_cblas_dgemm(ROW_MAJOR, NO_TRANSPOSE, NO_TRANSPOSE, 2, 2, 2, 1, x, 2, y, 2, 0, z, 2);
    memcpy(x, z, sizeof x);
  }
  return Py_BuildValue("(dddd)", x[0], x[1], x[2], x[3]);
}
static PyMethodDef m[] = {{"power", power, METH_VARARGS, ""}, {0}};
static struct PyModuleDef d = {PyModuleDef_HEAD_INIT, "spam_gemm", 0, -1, m};
PyMODINIT_FUNC PyInit_spam_gemm(void) { return PyModule_Create(&d); }
