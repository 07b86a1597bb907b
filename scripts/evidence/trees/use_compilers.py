"""Compilers and kernels that a tree holds, each used once: prints a line for each that works.

  use_compilers.py FOLDER     an empty folder to work in
"""
import ctypes
import os
import pathlib
import subprocess
import sys
import sysconfig
import warnings

work = pathlib.Path(sys.argv[1]).resolve()
os.chdir(work)
sys.path.insert(0, str(work))
warnings.simplefilter("ignore")
site = pathlib.Path(sysconfig.get_path("purelib"))


def gcc(source, name, *include):
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    headers = [f"-I{folder}" for folder in (sysconfig.get_path("include"), *include)]
    subprocess.run(["gcc", "-shared", "-fPIC", "-w", *headers, source, "-o", name + suffix], check=True)


def cython():
    """cimport of declarations of Cython's (libc.math, cpython) and of numpy's."""
    import numpy
    from Cython.Compiler import Main

    text = (
        "cimport numpy as cnp\nfrom libc.math cimport cos, M_PI\nfrom libc.stdint cimport int64_t\n"
        "from cpython.object cimport PyObject\ncnp.import_array()\n"
        "def f(cnp.ndarray[double] x):\n    cdef int64_t last = 1\n    return x[0] * cos(0.0) + M_PI\n"
        "def g(double[:] x):\n    return x[1]\n"
    )
    pathlib.Path("ext.pyx").write_text(text)
    result = Main.compile("ext.pyx", Main.CompilationOptions(Main.default_options))
    assert result.num_errors == 0
    gcc("ext.c", "ext", numpy.get_include())
    import ext

    assert abs(ext.f(numpy.array([1.0, 2.0])) - 4.14159265) < 1e-6 and ext.g(numpy.array([1.0, 2.0])) == 2


def numba_jit():
    """numba's runtime: lists, dicts, a ufunc, random numbers, a parallel loop."""
    import numba
    import numpy

    @numba.njit(parallel=True)
    def f(n):
        d = {i: str(i) for i in range(n)}
        total = 0
        for i in numba.prange(n):
            total += i
        return total + len(d) + len([x for x in range(n)]) + int(numpy.random.random() < 2)

    assert f(10) == 45 + 10 + 10 + 1

    @numba.vectorize(["float64(float64)"])
    def twice(x):
        return 2 * x

    assert twice(numpy.arange(3.0)).tolist() == [0, 2, 4]


def numba_aot():
    """numba ahead of time: C of its own, compiled by the machine's compiler."""
    import numpy
    from numba.pycc import CC

    cc = CC("ahead")
    cc.output_dir = str(work)

    @cc.export("area", "f8(f8[:])")
    def area(x):
        return x.sum()

    cc.compile()
    import ahead

    assert ahead.area(numpy.arange(4.0)) == 6


def numpy_f2py():
    """f2py writes C that includes a header of its own folder."""
    from numpy import f2py
    import numpy

    pathlib.Path("twice.pyf").write_text(
        "python module twice\n interface\n  subroutine twice(n, x)\n   intent(c) twice\n"
        "   integer intent(c,hide), depend(x) :: n = len(x)\n   real*8 intent(c,inout) :: x(n)\n"
        "  end subroutine\n end interface\nend python module\n"
    )
    pathlib.Path("impl.c").write_text("void twice(int n, double *x) { for (int i = 0; i < n; i++) x[i] *= 2; }\n")
    f2py.run_main(["twice.pyf", "--quiet"])
    folder = pathlib.Path(f2py.get_include())
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    include = [f"-I{one}" for one in (sysconfig.get_path("include"), numpy.get_include(), folder)]
    sources = ["twicemodule.c", "impl.c", str(folder / "fortranobject.c")]
    subprocess.run(["gcc", "-shared", "-fPIC", "-w", *include, *sources, "-o", "twice" + suffix], check=True)
    import twice

    x = numpy.arange(3.0)
    twice.twice(x)
    assert x.tolist() == [0, 2, 4]


def opencl():
    """pyopencl with pocl: kernels that include pyopencl's, compiled by the driver with its own headers."""
    import numpy
    import pyopencl as cl
    import pyopencl.array
    import pyopencl.clrandom

    context = cl.Context(cl.get_platforms()[0].get_devices())
    queue = cl.CommandQueue(context)
    x = pyopencl.array.to_device(queue, numpy.arange(8, dtype=numpy.float32))
    source = """
    #include <pyopencl-random123/philox.cl>
    #include <pyopencl-bessel-j.cl>
    __kernel void k(__global float *x) { int i = get_global_id(0); x[i] = x[i] * 2 + (float)bessel_jv(0, 0.0); }
    """
    cl.Program(context, source).build().k(queue, (8,), None, x.data)
    assert x.get().tolist() == [1, 3, 5, 7, 9, 11, 13, 15]
    assert pyopencl.clrandom.rand(queue, 4, numpy.float32).get().max() <= 1
    assert float(pyopencl.array.sum(x).get()) == 64


def cuda():
    """cupy's headers and CUDA's, compiled by NVIDIA's runtime compiler, which needs no card."""
    lib = ctypes.CDLL(str(next((site / "nvidia/cuda_nvrtc/lib").glob("libnvrtc.so.*"))))
    source = b"""
    #include <cuda_fp16.h>
    #include <cupy/complex.cuh>
    #include <cupy/carray.cuh>
    #include <cupy/hip_workaround.cuh>
    extern "C" __global__ void k(CArray<complex<float>, 1> a, __half *h) { a[0] = a[0] * a[1]; h[0] = __hadd(h[0], h[1]); }
    """
    program = ctypes.c_void_p()
    assert lib.nvrtcCreateProgram(ctypes.byref(program), source, b"k.cu", 0, None, None) == 0
    cupy = site / "cupy/_core/include"
    folders = [cupy, cupy / "cupy/_cccl/libcudacxx", cupy / "cupy/_cccl/cub", cupy / "cupy/_cccl/thrust"]
    folders.append(site / "nvidia/cuda_runtime/include")
    options = [f"-I{folder}".encode() for folder in folders] + [b"--std=c++17", b"-arch=sm_80"]
    array = (ctypes.c_char_p * len(options))(*options)
    status = lib.nvrtcCompileProgram(program, len(options), array)
    size = ctypes.c_size_t()
    lib.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    lib.nvrtcGetProgramLog(program, log)
    assert status == 0, log.value.decode()


def zig():
    """ziglang, a compiler that a package brings whole, with a C library of its own."""
    pathlib.Path("hello.c").write_text('#include <stdio.h>\nint main(void) { return puts("x") < 0; }\n')
    env = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": str(work / "zig"), "ZIG_LOCAL_CACHE_DIR": str(work / "zig")}
    command = [sys.executable, "-m", "ziglang", "cc", "-target", "x86_64-linux-musl", "hello.c", "-o", "hello"]
    subprocess.run(command, check=True, env=env)
    subprocess.run(["./hello"], check=True, stdout=subprocess.DEVNULL)


for use in (cython, numba_jit, numba_aot, numpy_f2py, opencl, cuda, zig):
    use()
    print(f"{use.__name__}: {use.__doc__}", flush=True)
