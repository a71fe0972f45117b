//! Bytes as a page's wikitext in one of the variants, as the page of a conversion group, and (where they begin with `<`)
//! as a dump read in two pieces. Nothing panics, no mark of ours is left, and text does not grow without bounds.
#![no_main]

use std::io::Write;

use corpus::formats::containers::mediawiki::CONTAINER;
use corpus::formats::{Container, Layout, Piece};
use corpus::input::{Compression, Encoding};
use corpus::rows::Use;
use corpus::text::wikitext::{Groups, Options, Variant, collected, plain};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [first, data @ ..] = data else { return };
    if data.starts_with(b"<") {
        dump(data, usize::from(*first));
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    let variant = Variant::ALL.get(usize::from(first % 12)).copied();
    let groups = Groups::new([("IT".to_owned(), collected(text))]);
    let out = plain(text, &Options { variant, groups: Some(&groups) });
    assert!(!out.chars().any(|c| ('\u{FDD0}'..='\u{FDEF}').contains(&c)), "a mark is left");
    // Rules of the page may replace a character by many; see GROWTH in rules.rs.
    assert!(out.len() <= (1 << 17) + 32 * text.len(), "{} bytes out of {}", out.len(), text.len());
});

fn dump(data: &[u8], cut: usize) {
    let Ok(mut file) = tempfile::NamedTempFile::new_in("/dev/shm") else { return };
    if file.write_all(data).is_err() {
        return;
    }
    let layout = Layout {
        container: "mediawiki".into(),
        shape: None,
        usage: Use::Pretrain,
        compression: Compression::None,
        encoding: Encoding("UTF-8".into()),
        rows: None,
        fields: Default::default(),
        source: "wiki".into(),
        language: None,
        variant: None,
        prepared: None,
        grouped: None,
        options: Default::default(),
        max_row: 4096,
    };
    let cut = (data.len() * cut / 256) as u64;
    for (start, end) in [(0, cut), (cut, u64::MAX)] {
        let piece = Piece { path: file.path().to_owned(), member: None, start, end };
        let Ok(mut reader) = CONTAINER.open(&piece, &layout) else { continue };
        let mut records = 0;
        while reader.next(&mut |_| records += 1) {
            assert!(records <= data.len() + 2, "more records than bytes");
        }
    }
}
