//! The program: see `wheelfix::cli`.

/// musl's own allocator asks the kernel at every turn: an edit of one small file takes a quarter
/// longer with it (docs/elf-corpus.md).
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> std::process::ExitCode {
    wheelfix::cli::main()
}
