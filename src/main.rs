//! The thin binary: parse, run, map the result to an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    corpus::heap::keep_blocks();
    ExitCode::from(corpus::cli::main())
}
