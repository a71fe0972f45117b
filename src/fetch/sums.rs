//! Checksums: what a host or a card tells of a file, and what its bytes come to.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::problem::Problem;
use crate::catalog::card::Pin;
use crate::disk::hex;

/// Checksums told beforehand; hex, any case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checksums {
    /// SHA-256.
    pub sha256: Option<String>,
    /// SHA-1.
    pub sha1: Option<String>,
    /// MD5.
    pub md5: Option<String>,
    /// The SHA-1 of `blob LENGTH\0` and the bytes: git's own name for them.
    pub git: Option<String>,
}

impl Checksums {
    /// Whether any is known.
    pub fn any(&self) -> bool {
        self.sha256.is_some() || self.sha1.is_some() || self.md5.is_some() || self.git.is_some()
    }

    /// Adds what a card pins.
    pub fn pin(&mut self, pin: &Pin) {
        for (sum, pinned) in [(&mut self.sha256, &pin.sha256), (&mut self.sha1, &pin.sha1), (&mut self.md5, &pin.md5)] {
            if let Some(pinned) = pinned {
                *sum = Some(pinned.clone());
            }
        }
    }

    /// All of them in one line: what they say identifies the bytes.
    pub fn line(&self) -> String {
        let all = [&self.sha256, &self.sha1, &self.md5, &self.git];
        all.map(|s| s.as_deref().unwrap_or_default().to_ascii_lowercase()).join("/")
    }
}

/// What bytes come to, as they pass in order.
pub struct Sums {
    /// Number of bytes hashed so far.
    pub at: u64,
    sha256: Sha256,
    sha1: Option<Sha1>,
    md5: Option<Md5>,
    git: Option<(Sha1, u64)>,
}

/// The sums of a whole file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Hex.
    pub sha256: String,
    /// Others that were told, and are right: name and hex.
    pub others: Vec<(&'static str, String)>,
}

impl Sums {
    /// Sums that are needed to check what was told, SHA-256 in any case; `bytes` is the length of the whole.
    pub fn new(expected: &Checksums, bytes: Option<u64>) -> Self {
        let git = expected.git.as_ref().and(bytes).map(|bytes| {
            let mut git = Sha1::new();
            git.update(format!("blob {bytes}\0"));
            (git, bytes)
        });
        Sums {
            at: 0,
            sha256: Sha256::new(),
            sha1: expected.sha1.as_ref().map(|_| Sha1::new()),
            md5: expected.md5.as_ref().map(|_| Md5::new()),
            git,
        }
    }

    /// Hashes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.at += bytes.len() as u64;
        self.sha256.update(bytes);
        if let Some(sum) = &mut self.sha1 {
            sum.update(bytes);
        }
        if let Some(sum) = &mut self.md5 {
            sum.update(bytes);
        }
        if let Some((sum, _)) = &mut self.git {
            sum.update(bytes);
        }
    }

    /// Compares with what was told.
    ///
    /// # Errors
    /// The sum that differs, in words.
    pub fn finish(self, expected: &Checksums) -> Result<Found, String> {
        let mut found = Found { sha256: hex(&self.sha256.finalize()), others: Vec::new() };
        let compare = |name: &str, expected: &str, is: &str| {
            if expected.eq_ignore_ascii_case(is) { Ok(()) } else { Err(format!("its {name} is {is}, not {expected}")) }
        };
        if let Some(expected) = &expected.sha256 {
            compare("sha256", expected, &found.sha256)?;
        }
        let sha1 = self.sha1.map(|s| hex(&s.finalize()));
        let md5 = self.md5.map(|s| hex(&s.finalize()));
        let git = self.git.filter(|g| g.1 == self.at).map(|g| hex(&g.0.finalize()));
        for (name, expected, is) in
            [("sha1", &expected.sha1, sha1), ("md5", &expected.md5, md5), ("git", &expected.git, git)]
        {
            let Some(expected) = expected else { continue };
            let is = is.ok_or_else(|| format!("its length is {}, not the one that was told", self.at))?;
            compare(name, expected, &is)?;
            found.others.push((name, is));
        }
        Ok(found)
    }
}

/// The failure of a file whose bytes are not those that were told.
pub fn mismatch(what: String) -> Problem {
    Problem::passing(format!("all bytes are here, but {what}")).cure(
        "the host or a mirror between serves other bytes than were published: try another way or mirror, or fetch by hand",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_compared() {
        let expected = Checksums {
            sha256: Some("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD".into()),
            sha1: Some("a9993e364706816aba3e25717850c26c9cd0d89d".into()),
            md5: Some("900150983cd24fb0d6963f7d28e17f72".into()),
            git: Some("f2ba8f84ab5c1bce84a7b441cb1959cfc7093b7f".into()),
        };
        let sum = |expected: &Checksums, bytes: &[u8]| {
            let mut sums = Sums::new(expected, Some(3));
            bytes.chunks(2).for_each(|c| sums.update(c));
            sums.finish(expected)
        };
        assert_eq!(sum(&expected, b"abc").unwrap().others.len(), 3);
        assert!(sum(&expected, b"abd").unwrap_err().contains("sha256"));
        let git = Checksums { git: expected.git.clone(), ..Checksums::default() };
        assert!(sum(&git, b"abcd").unwrap_err().contains("length"));
        let wrong = Checksums { md5: Some("0".repeat(32)), ..Checksums::default() };
        assert!(sum(&wrong, b"abc").unwrap_err().contains("md5"));
        assert!(sum(&Checksums::default(), b"abc").unwrap().sha256.starts_with("ba7816bf"));
    }
}
