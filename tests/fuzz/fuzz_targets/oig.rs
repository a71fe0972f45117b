//! OIG's dialogues: any text gives exactly one row or one error.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let json = serde_json::json!({ "text": text }).to_string();
    corpus_fuzz::map("oig", "instruct", &json);
});
