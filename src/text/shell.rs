//! Words of commands that people copy into a shell.

/// A word of a command, as a POSIX shell reads it: quoted where it has to be.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn words_are_quoted_where_a_shell_would_part_them() {
        for plain in ["a", "hf:a/b@v1.0", "数据/a-b_c", "x=1,2"] {
            assert_eq!(quoted(plain), plain);
        }
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("http://h/get?id=1&x=2"), "'http://h/get?id=1&x=2'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
