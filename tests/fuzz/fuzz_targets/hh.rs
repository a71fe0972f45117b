//! hh-rlhf's dialogues: any text gives exactly one row or one error.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (chosen, rejected) = text.split_at(text.floor_char_boundary(text.len() / 2));
    let json = serde_json::json!({ "chosen": chosen, "rejected": rejected }).to_string();
    corpus_fuzz::map("hh", "rlhf", &json);
    let json = serde_json::json!({ "prompt": chosen, "chosen": rejected, "rejected": text }).to_string();
    corpus_fuzz::map("hh", "rlhf", &json);
});
