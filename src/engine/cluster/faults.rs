//! What is said of a task that failed. Ballista hands an error on as the text that Rust prints of it for those who look for
//! mistakes, in layers of its own; what lies in there may be one of ours, with its cure.

use serde::Deserialize;

use super::codec::VERSIONS;
use crate::Error;

/// The error of a task that failed, out of what Ballista says.
pub(super) fn of(why: &str) -> Error {
    if let Some(at) = why.find(VERSIONS) {
        let cure = "copy one and the same corpus to all machines, and start the scheduler and the executors again";
        return Error::other(why[at..].trim(), cure);
    }
    own(why).unwrap_or_else(|| {
        let cure = "what is finished is kept: the same command goes on from there";
        Error::other(format!("a task of the cluster failed: {}", why.trim()), cure)
    })
}

/// An error of ours, if there is one in what Ballista says.
pub(super) fn own(why: &str) -> Option<Error> {
    let behind = |word: &str| why.find(word).map(|at| &why[at + word.len()..]);
    if let Some(rest) = behind("Input { message: ") {
        let (message, hint) = decoded(rest)?;
        return Some(Error::Input { message, hint });
    }
    if let Some(rest) = behind("Other { message: ") {
        let (message, hint) = decoded(rest)?;
        return Some(Error::Other { message, hint });
    }
    let (path, rest) = quoted(behind("Io { path: ")?)?;
    let (message, _) = quoted(&rest[rest.find("message: ")? + "message: ".len()..])?;
    let full = rest.contains("kind: StorageFull");
    let cure = if full {
        "free some space on the disk of that machine; the same command then resumes"
    } else {
        "look at that file on all machines; the same command then resumes"
    };
    Some(Error::other(format!("on a machine of the cluster: {path}: {message}"), cure))
}

/// A message, and the cure behind it.
fn decoded(text: &str) -> Option<(String, Option<String>)> {
    let (message, rest) = quoted(text)?;
    let hint = rest.strip_prefix(", hint: Some(").and_then(quoted);
    Some((message, hint.map(|hint| hint.0)))
}

/// A text between double quotes as Rust prints it, which is nearly as JSON has it, and what stands behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut read = serde_json::Deserializer::from_str(text);
    let found = String::deserialize(&mut read).ok()?;
    // The first quote that no backslash stands before ends it.
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    })?;
    Some((found, &text[end.0 + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_errors_come_out_of_theirs() {
        let layers =
            |error: Error| format!("Job failed due to stage 1 failed: DataFusionError(Shared(External({error:?})))");
        let input = of(&layers(Error::input("a \"row\" of \\ 行\nis large", "raise `--memory`")));
        assert_eq!(input.to_string(), "a \"row\" of \\ 行\nis large");
        assert_eq!((input.hint(), input.exit_code()), (Some("raise `--memory`"), 1));
        let other = of(&layers(Error::other("no such thing", "make one")));
        assert_eq!(
            (other.to_string().as_str(), other.hint(), other.exit_code()),
            ("no such thing", Some("make one"), 2)
        );
        let full = of(&layers(Error::io("/shared/x")(std::io::Error::from_raw_os_error(28))));
        assert!(full.to_string().starts_with("on a machine of the cluster: /shared/x: No space left"), "{full}");
        assert!(full.hint().unwrap().starts_with("free some space"));
        let theirs = of("Job failed due to stage 1 failed: lost");
        assert_eq!(theirs.to_string(), "a task of the cluster failed: Job failed due to stage 1 failed: lost");
        let version = of(&format!("External error: {VERSIONS}1, and the build 2\n"));
        assert_eq!(version.to_string(), "the cluster runs corpus 1, and the build 2");
    }
}
