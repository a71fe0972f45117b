//! Gives the crate a hash of what it is compiled from, `CORPUS_SOURCES`: processes of a cluster compare it
//! (`pipeline::jobs::BUILD`).

use std::io;
use std::path::Path;

/// What results depend on: the crate's own files, and which versions of others there are.
const SOURCES: [&str; 2] = ["src", "Cargo.lock"];

fn main() -> io::Result<()> {
    let root = std::env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    SOURCES.iter().for_each(|name| println!("cargo::rerun-if-changed={name}"));
    println!("cargo::rustc-env=CORPUS_SOURCES={:016x}", hash(Path::new(&root), &SOURCES)?);
    Ok(())
}

/// FNV-1a, 64 bits, of the names and bytes of all files; line ends of Windows count as those of others.
///
/// # Errors
///
/// A file that cannot be read.
pub fn hash(root: &Path, names: &[&str]) -> io::Result<u64> {
    let mut files = Vec::new();
    names.iter().try_for_each(|name| list(root, name, &mut files))?;
    files.sort();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for file in files {
        let bytes = std::fs::read(root.join(&file))?;
        let all = file.bytes().chain([0]).chain(bytes).filter(|byte| *byte != b'\r');
        all.for_each(|byte| hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    }
    Ok(hash)
}

/// The files under `name`, with `/` between the parts of their paths.
fn list(root: &Path, name: &str, files: &mut Vec<String>) -> io::Result<()> {
    let path = root.join(name);
    if !path.is_dir() {
        // A package may come without its lock file.
        files.extend(path.is_file().then(|| name.to_owned()));
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        list(root, &format!("{name}/{}", entry?.file_name().to_string_lossy()), files)?;
    }
    Ok(())
}
