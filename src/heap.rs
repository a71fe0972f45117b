//! What glibc's allocator is asked for: how many heaps it may have, and which blocks it keeps.
//!
//! Its threads take memory out of heaps of their own, up to eight for each core, and what is freed in one is not used by
//! another. A job of a build frees what it held in its threads, and the next job takes as much in others; so a build
//! holds a good deal more than it uses: one of 1.6 GB, on two threads, with `--memory 256MiB`, came to 661 MiB, where one
//! heap makes it 362 (`docs/scale.md`). How many there may be is read out of the environment when a process starts. The
//! call that sets it later (mallopt) is not one of safe Rust, so the program is started anew, in the same process.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Bytes up to which blocks are taken out of a heap and kept there, rather than asking the kernel for pages at each
/// buffer of a Parquet page and giving them back.
const HELD: usize = 4 << 20;
/// Bytes of memory that a program is allowed before it may have a second heap: what a job frees in one can be taken anew in
/// each of the others.
const ALONE: u64 = 1 << 30;
/// Bytes of memory beyond those for each further heap. It costs about 42 MiB of them (`docs/scale.md`), and spares threads
/// waiting for one another: a heap has a lock.
const EACH: u64 = 256 << 20;
/// Heaps that the allocator makes for a core, where nobody says another number.
const USUAL: u64 = 8;
/// The variable that says how many heaps there may be (mallopt(3)).
const HEAPS: &str = "MALLOC_ARENA_MAX";
/// The variable that can say it too, among others (the manual of glibc, "Memory Allocation Tunables").
const TUNABLES: &str = "GLIBC_TUNABLES";
/// Says that [`HEAPS`] was set here, and not by whoever started the program.
const OURS: &str = "CORPUS_FEW_HEAPS";

/// Keeps blocks up to 4 MiB in the heaps: the allocator sets that limit by the largest block that it saw freed
/// (mallopt(3), `M_MMAP_THRESHOLD`). No page is touched.
pub fn keep_blocks() {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(HELD)));
}

/// How many heaps a program may have that is allowed so much memory.
fn heaps(memory: u64) -> u64 {
    1 + memory.saturating_sub(ALONE) / EACH
}

/// Starts this program anew in its own process with as many heaps as go with `memory` (one up to 1 GiB, and another for
/// each 256 MiB beyond), where it would have more: process id, open files, folder and ignored signals stay as they are. It
/// comes back where there is nothing to do: where that was done already, where whoever started the program has said how
/// many heaps there are to be, with another allocator than glibc's, and where it cannot be done (no `/proc`, starting
/// programs is forbidden), which costs memory and nothing else.
///
/// To be called before anything is read or printed, and before there is a second thread.
pub fn few(memory: u64) {
    let heaps = heaps(memory);
    let usual = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64) * USUAL;
    let tuned = || std::env::var(TUNABLES).is_ok_and(|all| all.contains("arena_max"));
    let glibc = cfg!(all(target_os = "linux", target_env = "gnu"));
    if !glibc || heaps >= usual || std::env::var_os(HEAPS).is_some() || tuned() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    // Under a loader that was called by its name this is the loader.
    if program.file_name().and_then(OsStr::to_str).is_none_or(|name| name.contains(".so")) {
        return;
    }
    let mut arguments = std::env::args_os();
    let mut anew = Command::new(program);
    arguments.next().into_iter().for_each(|name| _ = anew.arg0(name));
    // It does not come back unless it failed.
    let _ = anew.args(arguments).env(HEAPS, heaps.to_string()).env(OURS, "1").exec();
}

/// Takes what [`few`] has set out of the environment of a program that is about to be started.
pub fn spare(program: &mut Command) -> &mut Command {
    match std::env::var_os(OURS) {
        Some(_) => program.env_remove(HEAPS).env_remove(OURS),
        None => program,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heaps_go_with_memory() {
        const MIB: u64 = 1 << 20;
        let of = [0, 256, 1024, 1279, 1280, 2048, 4096].map(|size| heaps(size * MIB));
        assert_eq!(of, [1, 1, 1, 1, 2, 5, 13]);
    }
}
