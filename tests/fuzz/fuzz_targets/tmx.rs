//! A TMX file, whole and cut in two: the same records, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let path = std::env::temp_dir().join(format!("corpus-fuzz-{}.tmx", std::process::id()));
    if std::fs::write(&path, data).is_err() {
        return;
    }
    let all = corpus_fuzz::records(&path, "tmx", (0, u64::MAX));
    let cut = data.len() as u64 / 2;
    let parts = [corpus_fuzz::records(&path, "tmx", (0, cut)), corpus_fuzz::records(&path, "tmx", (cut, u64::MAX))];
    let rows = |records: &[String]| records.iter().filter(|r| !r.starts_with("truncated")).cloned().collect::<Vec<_>>();
    assert_eq!(rows(&parts.concat()), rows(&all));
});
