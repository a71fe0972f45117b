//! Bytes as a page's wikitext in one of the variants, as the page of a conversion group, and (where they begin with `<`)
//! as a dump read in two pieces. Nothing panics, no mark of ours is left, and text does not grow without bounds.
#![no_main]

use std::io::Write;

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
    let out = plain(text, &Options { variant, groups: Some(&groups), ..Options::default() });
    assert!(!out.chars().any(|c| ('\u{FDD0}'..='\u{FDEF}').contains(&c)), "a mark is left");
    // Rules of the page may replace a character by many; see GROWTH in rules.rs.
    assert!(out.len() <= (1 << 17) + 32 * text.len(), "{} bytes out of {}", out.len(), text.len());
});

fn dump(data: &[u8], cut: usize) {
    let Ok(mut file) = tempfile::NamedTempFile::new_in("/dev/shm") else { return };
    if file.write_all(data).is_err() {
        return;
    }
    let cut = (data.len() * cut / 256) as u64;
    for stretch in [(0, cut), (cut, u64::MAX)] {
        let records = corpus_fuzz::records(file.path(), "mediawiki", stretch).len();
        assert!(records <= data.len() + 2, "more records than bytes");
    }
}
