/* needs libscipy_openblas.so: prototypes instead of headers */
#include <Python.h>
extern double scipy_cblas_ddot(int n, const double *x, int step_x, const double *y, int step_y);
/* dot(n): the squares of 1 to n, summed */
static PyObject *dot(PyObject *s, PyObject *a) {
  double x[64]; int n;
  if (!PyArg_ParseTuple(a, "i", &n)) return NULL;
  if (n < 0 || n > 64) { PyErr_SetString(PyExc_ValueError, "0 to 64"); return NULL; }
  for (int i = 0; i < n; i++) x[i] = i + 1;
  return PyFloat_FromDouble(scipy_cblas_ddot(n, x, 1, x, 1));
}
static PyMethodDef m[] = {{"dot", dot, METH_VARARGS, ""}, {0}};
static struct PyModuleDef d = {PyModuleDef_HEAD_INIT, "spam_dot", 0, -1, m};
PyMODINIT_FUNC PyInit_spam_dot(void) { return PyModule_Create(&d); }
