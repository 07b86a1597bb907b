/* wfx_once_call(init): calls init in a frame whose personality routine tells wfx_once_failed when an
   exception leaves it. musl's own frames carry no unwind tables, so an exception could not pass them. */
#define PCREL 0x1b
	.text
	.globl wfx_once_call
	.hidden wfx_once_call
	.type wfx_once_call, @function
wfx_once_call:
	.cfi_startproc
	.cfi_personality PCREL, wfx_once_personality
#if defined(__x86_64__)
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	call *%rdi
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	ret
#elif defined(__aarch64__)
	stp x29, x30, [sp, -16]!
	.cfi_adjust_cfa_offset 16
	.cfi_rel_offset x29, 0
	.cfi_rel_offset x30, 8
	mov x29, sp
	blr x0
	ldp x29, x30, [sp], 16
	.cfi_adjust_cfa_offset -16
	.cfi_restore x29
	.cfi_restore x30
	ret
#elif defined(__riscv)
	addi sp, sp, -16
	.cfi_adjust_cfa_offset 16
	sd ra, 8(sp)
	.cfi_rel_offset ra, 8
	jalr a0
	ld ra, 8(sp)
	addi sp, sp, 16
	.cfi_adjust_cfa_offset -16
	.cfi_restore ra
	ret
#endif
	.cfi_endproc
	.size wfx_once_call, . - wfx_once_call
	.section .note.GNU-stack, "", @progbits
