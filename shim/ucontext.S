/* getcontext, setcontext and swapcontext over glibc's ucontext_t, which musl declares but does not have.
   The offsets are those of glibc's <sys/ucontext.h>; ucontext.c has makecontext. */
	.text
#define FUNCTION(name) .globl name; .type name, @function; .p2align 4; name
#define END(name) .size name, . - name

#if defined(__x86_64__)
#define R8 40
#define R9 48
#define R12 72
#define R13 80
#define R14 88
#define R15 96
#define RDI 104
#define RSI 112
#define RBP 120
#define RBX 128
#define RDX 136
#define RCX 152
#define RSP 160
#define RIP 168
#define FPREGS 224
#define SIGMASK 296
#define FPMEM 424
#define RT_SIGPROCMASK 14

/* Saves what a call must keep, and the return address, into %rdi. */
	.macro SAVE
	movq %rbx, RBX(%rdi)
	movq %rbp, RBP(%rdi)
	movq %r12, R12(%rdi)
	movq %r13, R13(%rdi)
	movq %r14, R14(%rdi)
	movq %r15, R15(%rdi)
	movq %rdi, RDI(%rdi)
	movq %rsi, RSI(%rdi)
	movq %rdx, RDX(%rdi)
	movq %rcx, RCX(%rdi)
	movq %r8, R8(%rdi)
	movq %r9, R9(%rdi)
	movq (%rsp), %rcx
	movq %rcx, RIP(%rdi)
	leaq 8(%rsp), %rcx
	movq %rcx, RSP(%rdi)
	leaq FPMEM(%rdi), %rcx
	movq %rcx, FPREGS(%rdi)
	fnstenv (%rcx)
	fldenv (%rcx)
	stmxcsr 24(%rcx)
	.endm

FUNCTION(wfx_getcontext):
	.cfi_startproc
	SAVE
	leaq SIGMASK(%rdi), %rdx
	xorl %esi, %esi
	xorl %edi, %edi
	movl $8, %r10d
	movl $RT_SIGPROCMASK, %eax
	syscall
	xorl %eax, %eax
	ret
	.cfi_endproc
END(wfx_getcontext)

FUNCTION(wfx_swapcontext):
	.cfi_startproc
	SAVE
	movq %rsi, %r12
	leaq SIGMASK(%rdi), %rdx
	leaq SIGMASK(%rsi), %rsi
	movl $2, %edi
	movl $8, %r10d
	movl $RT_SIGPROCMASK, %eax
	syscall
	movq %r12, %rdi
	jmp .Lrestore
	.cfi_endproc
END(wfx_swapcontext)

FUNCTION(wfx_setcontext):
	.cfi_startproc
	movq %rdi, %r12
	leaq SIGMASK(%rdi), %rsi
	xorl %edx, %edx
	movl $2, %edi
	movl $8, %r10d
	movl $RT_SIGPROCMASK, %eax
	syscall
	movq %r12, %rdi
.Lrestore:
	movq FPREGS(%rdi), %rcx
	fldenv (%rcx)
	ldmxcsr 24(%rcx)
	movq RSP(%rdi), %rsp
	movq RBX(%rdi), %rbx
	movq RBP(%rdi), %rbp
	movq R12(%rdi), %r12
	movq R13(%rdi), %r13
	movq R14(%rdi), %r14
	movq R15(%rdi), %r15
	pushq RIP(%rdi)
	movq RSI(%rdi), %rsi
	movq RDX(%rdi), %rdx
	movq RCX(%rdi), %rcx
	movq R8(%rdi), %r8
	movq R9(%rdi), %r9
	movq RDI(%rdi), %rdi
	xorl %eax, %eax
	ret
	.cfi_endproc
END(wfx_setcontext)

/* Where a made context's function returns to: on to its link, in %rbx. */
	.globl wfx_context_end
	.hidden wfx_context_end
wfx_context_end:
	movq %rbx, %rdi
	call wfx_context_over
	hlt

#elif defined(__aarch64__)
#define SIGMASK 40
#define X0 184
#define SP_AT 432
#define PC_AT 440
#define FP_AT 464
#define RT_SIGPROCMASK 135

	.macro SAVE
	str xzr, [x0, X0]
	stp x18, x19, [x0, X0 + 18 * 8]
	stp x20, x21, [x0, X0 + 20 * 8]
	stp x22, x23, [x0, X0 + 22 * 8]
	stp x24, x25, [x0, X0 + 24 * 8]
	stp x26, x27, [x0, X0 + 26 * 8]
	stp x28, x29, [x0, X0 + 28 * 8]
	str x30, [x0, X0 + 30 * 8]
	mov x2, sp
	str x2, [x0, SP_AT]
	str x30, [x0, PC_AT]
	/* The record of the floating-point registers: magic, size, fpsr, fpcr, 32 of 16 bytes. */
	add x2, x0, FP_AT
	movz w3, 0x8001
	movk w3, 0x4650, lsl 16
	mov w4, 528
	stp w3, w4, [x2]
	mrs x3, fpsr
	mrs x4, fpcr
	stp w3, w4, [x2, 8]
	str q8, [x2, 16 + 8 * 16]
	str q9, [x2, 16 + 9 * 16]
	str q10, [x2, 16 + 10 * 16]
	str q11, [x2, 16 + 11 * 16]
	str q12, [x2, 16 + 12 * 16]
	str q13, [x2, 16 + 13 * 16]
	str q14, [x2, 16 + 14 * 16]
	str q15, [x2, 16 + 15 * 16]
	add x3, x2, 528
	stp xzr, xzr, [x3]
	.endm

FUNCTION(wfx_getcontext):
	.cfi_startproc
	SAVE
	add x2, x0, SIGMASK
	mov x1, 0
	mov x0, 0
	mov x3, 8
	mov x8, RT_SIGPROCMASK
	svc 0
	mov x0, 0
	ret
	.cfi_endproc
END(wfx_getcontext)

FUNCTION(wfx_swapcontext):
	.cfi_startproc
	SAVE
	mov x9, x1
	add x2, x0, SIGMASK
	add x1, x1, SIGMASK
	mov x0, 2
	mov x3, 8
	mov x8, RT_SIGPROCMASK
	svc 0
	mov x0, x9
	b .Lrestore
	.cfi_endproc
END(wfx_swapcontext)

FUNCTION(wfx_setcontext):
	.cfi_startproc
	mov x9, x0
	add x1, x0, SIGMASK
	mov x2, 0
	mov x0, 2
	mov x3, 8
	mov x8, RT_SIGPROCMASK
	svc 0
	mov x0, x9
.Lrestore:
	add x2, x0, FP_AT
	ldp w3, w4, [x2, 8]
	msr fpsr, x3
	msr fpcr, x4
	ldr q8, [x2, 16 + 8 * 16]
	ldr q9, [x2, 16 + 9 * 16]
	ldr q10, [x2, 16 + 10 * 16]
	ldr q11, [x2, 16 + 11 * 16]
	ldr q12, [x2, 16 + 12 * 16]
	ldr q13, [x2, 16 + 13 * 16]
	ldr q14, [x2, 16 + 14 * 16]
	ldr q15, [x2, 16 + 15 * 16]
	ldr x2, [x0, SP_AT]
	mov sp, x2
	ldp x18, x19, [x0, X0 + 18 * 8]
	ldp x20, x21, [x0, X0 + 20 * 8]
	ldp x22, x23, [x0, X0 + 22 * 8]
	ldp x24, x25, [x0, X0 + 24 * 8]
	ldp x26, x27, [x0, X0 + 26 * 8]
	ldp x28, x29, [x0, X0 + 28 * 8]
	ldr x30, [x0, X0 + 30 * 8]
	ldr x16, [x0, PC_AT]
	ldp x2, x3, [x0, X0 + 2 * 8]
	ldp x4, x5, [x0, X0 + 4 * 8]
	ldp x6, x7, [x0, X0 + 6 * 8]
	ldp x0, x1, [x0, X0]
	br x16
	.cfi_endproc
END(wfx_setcontext)

	.globl wfx_context_end
	.hidden wfx_context_end
wfx_context_end:
	mov x0, x19
	bl wfx_context_over
	brk 0

#elif defined(__riscv)
#define SIGMASK 40
#define REG(n) (176 + 8 * n)
#define FREG(n) (432 + 8 * n)
#define FCSR 688
#define RT_SIGPROCMASK 135

	.macro SAVE
	sd ra, REG(0)(a0)
	sd ra, REG(1)(a0)
	sd sp, REG(2)(a0)
	sd s0, REG(8)(a0)
	sd s1, REG(9)(a0)
	sd zero, REG(10)(a0)
	sd s2, REG(18)(a0)
	sd s3, REG(19)(a0)
	sd s4, REG(20)(a0)
	sd s5, REG(21)(a0)
	sd s6, REG(22)(a0)
	sd s7, REG(23)(a0)
	sd s8, REG(24)(a0)
	sd s9, REG(25)(a0)
	sd s10, REG(26)(a0)
	sd s11, REG(27)(a0)
	frsr t0
	sw t0, FCSR(a0)
	fsd fs0, FREG(8)(a0)
	fsd fs1, FREG(9)(a0)
	fsd fs2, FREG(18)(a0)
	fsd fs3, FREG(19)(a0)
	fsd fs4, FREG(20)(a0)
	fsd fs5, FREG(21)(a0)
	fsd fs6, FREG(22)(a0)
	fsd fs7, FREG(23)(a0)
	fsd fs8, FREG(24)(a0)
	fsd fs9, FREG(25)(a0)
	fsd fs10, FREG(26)(a0)
	fsd fs11, FREG(27)(a0)
	.endm

FUNCTION(wfx_getcontext):
	.cfi_startproc
	SAVE
	addi a2, a0, SIGMASK
	li a1, 0
	li a0, 0
	li a3, 8
	li a7, RT_SIGPROCMASK
	ecall
	li a0, 0
	ret
	.cfi_endproc
END(wfx_getcontext)

FUNCTION(wfx_swapcontext):
	.cfi_startproc
	SAVE
	mv t1, a1
	addi a2, a0, SIGMASK
	addi a1, a1, SIGMASK
	li a0, 2
	li a3, 8
	li a7, RT_SIGPROCMASK
	ecall
	mv a0, t1
	j .Lrestore
	.cfi_endproc
END(wfx_swapcontext)

FUNCTION(wfx_setcontext):
	.cfi_startproc
	mv t1, a0
	addi a1, a0, SIGMASK
	li a2, 0
	li a0, 2
	li a3, 8
	li a7, RT_SIGPROCMASK
	ecall
	mv a0, t1
.Lrestore:
	lw t0, FCSR(a0)
	fssr t0
	fld fs0, FREG(8)(a0)
	fld fs1, FREG(9)(a0)
	fld fs2, FREG(18)(a0)
	fld fs3, FREG(19)(a0)
	fld fs4, FREG(20)(a0)
	fld fs5, FREG(21)(a0)
	fld fs6, FREG(22)(a0)
	fld fs7, FREG(23)(a0)
	fld fs8, FREG(24)(a0)
	fld fs9, FREG(25)(a0)
	fld fs10, FREG(26)(a0)
	fld fs11, FREG(27)(a0)
	ld t1, REG(0)(a0)
	ld ra, REG(1)(a0)
	ld sp, REG(2)(a0)
	ld s0, REG(8)(a0)
	ld s1, REG(9)(a0)
	ld s2, REG(18)(a0)
	ld s3, REG(19)(a0)
	ld s4, REG(20)(a0)
	ld s5, REG(21)(a0)
	ld s6, REG(22)(a0)
	ld s7, REG(23)(a0)
	ld s8, REG(24)(a0)
	ld s9, REG(25)(a0)
	ld s10, REG(26)(a0)
	ld s11, REG(27)(a0)
	ld a1, REG(11)(a0)
	ld a2, REG(12)(a0)
	ld a3, REG(13)(a0)
	ld a4, REG(14)(a0)
	ld a5, REG(15)(a0)
	ld a6, REG(16)(a0)
	ld a7, REG(17)(a0)
	ld a0, REG(10)(a0)
	jr t1
	.cfi_endproc
END(wfx_setcontext)

	.globl wfx_context_end
	.hidden wfx_context_end
wfx_context_end:
	mv a0, s1
	call wfx_context_over
	unimp
#endif
	.section .note.GNU-stack, "", @progbits
