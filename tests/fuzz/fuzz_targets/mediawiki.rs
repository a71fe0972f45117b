//! A page's wikitext, and the same bytes as a dump: any text comes out without a mark of ours, and nothing panics.
#![no_main]

use corpus::formats::Piece;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let out = corpus::text::wikitext::plain(text, &Default::default());
    assert!(!out.chars().any(|c| ('\u{FDD0}'..='\u{FDEF}').contains(&c)), "a mark is left");
    assert!(out.len() <= 64 + 8 * text.len(), "{} bytes out of {}", out.len(), text.len());
    let _ = std::any::type_name::<Piece>();
});
