from setuptools import Extension, setup
setup(name="spam-dot", version="1.0", ext_modules=[Extension("spam_dot", ["spam.c"], libraries=["scipy_openblas"])])
