//! The documentation of a component: the `//!` text at the head of its source file, which `corpus explain` prints.

/// The `//!` lines that a module's source begins with.
pub const fn module_docs(source: &'static str) -> &'static str {
    let bytes = source.as_bytes();
    let mut end = 0;
    while end + 2 < bytes.len() && bytes[end] == b'/' && bytes[end + 1] == b'/' && bytes[end + 2] == b'!' {
        while end < bytes.len() && bytes[end] != b'\n' {
            end += 1;
        }
        if end < bytes.len() {
            end += 1;
        }
    }
    source.split_at(end).0
}
