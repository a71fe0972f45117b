//! A page of a chat service as Markdown: nothing panics, and text grows by no more than its nesting allows.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = corpus::text::html::is_page(text);
    let out = corpus::text::html::markdown(text);
    assert!(out.len() <= 1024 + 256 * text.len(), "{} bytes out of {}", out.len(), text.len());
});
