//! Whether a disk holds what is to come: one arithmetic for a fetch, and for what is said before it.

use std::path::Path;

use crate::Error;
use crate::text::figures::size;

/// What a fetch leaves free on the disk, since a disk that is full to the last byte harms other programs.
pub const RESERVE: u64 = 64 << 20;

/// The cure where the disk is too small.
pub const CURE: &str = "free some space, set CORPUS_CACHE to a larger disk, or take less with --part or --include";

/// Bytes of files under way that the disk holds already, which need no room any more.
pub fn begun(partial: &Path) -> u64 {
    let entries = std::fs::read_dir(partial).into_iter().flatten().flatten();
    entries.filter_map(|e| Some(std::os::unix::fs::MetadataExt::blocks(&e.metadata().ok()?) * 512)).sum()
}

/// What is wrong where the disk of `place`, of which `free` bytes are left, does not hold `needed` more.
pub fn short(needed: u64, free: u64, place: &str) -> Option<String> {
    (needed > 0 && free < needed.saturating_add(RESERVE)).then(|| {
        format!(
            "{} more and {} that a fetch leaves free for other programs do not fit: {place} has {} left",
            size(needed),
            size(RESERVE),
            size(free)
        )
    })
}

/// An error of a disk that is full, with the cure of a fetch, which has no output folder to name.
pub fn explained(error: Error) -> Error {
    match error {
        Error::Io { source, path } if source.kind() == std::io::ErrorKind::StorageFull => {
            Error::other(format!("{}: {source}", path.display()), format!("{CURE}; the same command then resumes"))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_counts_and_is_told() {
        assert_eq!(short(0, 0, "x"), None);
        assert_eq!(short(1, RESERVE + 1, "x"), None);
        let shortage = short(100 << 20, 120 << 20, "/store").unwrap();
        for word in ["100 MiB more", "64.0 MiB that a fetch leaves free", "/store has 120 MiB left"] {
            assert!(shortage.contains(word), "{word}: {shortage}");
        }
        assert!(short(u64::MAX, u64::MAX, "x").is_none(), "no overflow");
    }

    #[test]
    fn a_full_disk_names_no_option_of_a_build() {
        let full = Error::io("/store/a")(std::io::ErrorKind::StorageFull.into());
        let hint = explained(full).hint().unwrap().to_owned();
        assert!(hint.contains("CORPUS_CACHE"), "{hint}");
        assert!(!hint.contains("--out"), "{hint}");
        assert!(!hint.contains("--work"), "{hint}");
        let other = explained(Error::io("/store/a")(std::io::ErrorKind::PermissionDenied.into()));
        assert!(matches!(other, Error::Io { .. }));
    }

    #[test]
    fn what_is_under_way_needs_no_room() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(begun(&folder.path().join("none")), 0);
        std::fs::write(folder.path().join("a"), vec![1; 1 << 20]).unwrap();
        assert!(begun(folder.path()) >= 1 << 20);
    }
}
