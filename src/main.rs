//! The thin binary: parse, run, map the result to an exit code.

use std::process::ExitCode;

/// Bytes up to which the allocator of glibc takes memory out of its heaps and keeps it there, rather than asking the
/// kernel for pages at each buffer of a Parquet page and giving them back.
const HELD: usize = 4 << 20;

fn main() -> ExitCode {
    // It sets that limit by the largest block that it saw freed (mallopt(3), M_MMAP_THRESHOLD). No page is touched.
    drop(std::hint::black_box(Vec::<u8>::with_capacity(HELD)));
    ExitCode::from(corpus::cli::main())
}
