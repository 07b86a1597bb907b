from setuptools import Extension, setup
setup(name="spam-gemm", version="1.0", ext_modules=[Extension("spam_gemm", ["spam.c"], libraries=["scipy_openblas"])])
