//! The program: see `wheelfix::cli`.

fn main() -> std::process::ExitCode {
    wheelfix::cli::main()
}
