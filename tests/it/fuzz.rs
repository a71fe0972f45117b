//! The fuzz targets' promises on changed samples, a few thousand of them: what `tests/fuzz` does for hours.

use crate::format_rows::ROWS;
use crate::harness::Scratch;

#[path = "../fuzz/src/lib.rs"]
mod shared;

/// Changes a text in a few places, the same way for the same seed.
fn change(text: &str, seed: &mut u64) -> String {
    const NOISE: [&str; 22] = [
        "\"",
        "\\",
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\n",
        "\n\n",
        "<",
        ">",
        "</tu>",
        "<tu>",
        "Human:",
        "\n\nAssistant:",
        "<human>:",
        "null",
        "1e999",
        "😀",
        "User:",
        "<p>",
    ];
    let mut below = |limit: usize| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 33) as usize % limit.max(1)
    };
    let mut out = text.to_owned();
    for _ in 0..=below(4) {
        let at = out.floor_char_boundary(below(out.len()));
        let end = out.floor_char_boundary((at + below(12)).min(out.len())).max(at);
        match below(3) {
            0 => out.insert_str(at, NOISE[below(NOISE.len())]),
            1 => out.replace_range(at..end, ""),
            _ => out.replace_range(at..end, NOISE[below(NOISE.len())]),
        }
    }
    out
}

#[test]
fn any_object_gives_rows_or_one_error() {
    let mut seed = 1;
    for sample in ROWS {
        for line in sample.text.lines() {
            let line = line.trim().trim_start_matches('[').trim_end_matches([']', ',']);
            for round in 0..40 {
                let json = if round == 0 { line.to_owned() } else { change(line, &mut seed) };
                let Ok(object) = corpus::formats::Object::parse(&json) else { continue };
                for shape in corpus::formats::shapes::ALL {
                    for usage in ["pretrain", "task", "instruct", "rlhf"] {
                        shared::map_object(*shape, usage, &object);
                    }
                }
            }
        }
    }
}

#[test]
fn any_text_is_a_dialogue_or_is_none() {
    let mut seed = 2;
    let texts = ["bg\n<human>: a\n<bot>: b\n<human>: c", "\n\nHuman: a\n\nAssistant: b\n\nHuman: c\n\nAssistant: d"];
    for text in texts.iter().cycle().take(4_000) {
        let text = change(text, &mut seed);
        shared::map("oig", "instruct", &serde_json::json!({ "text": text }).to_string());
        let other = change(&text, &mut seed);
        shared::map("hh", "rlhf", &serde_json::json!({ "chosen": text, "rejected": other }).to_string());
        shared::map("hh", "rlhf", &serde_json::json!({ "prompt": text, "chosen": other, "rejected": "" }).to_string());
    }
}

#[test]
fn any_page_becomes_markdown() {
    let mut seed = 3;
    let page = "<div class=\"markdown prose\"><p>a <b>b</b><br>c</p><ol><li><p>d</p><ul><li>e</li></ul></li></ol><pre><code class=\
                \"language-c\">f\n</code></pre><table><tr><th>g</th><td>h</td></tr></table><blockquote>i</blockquote></div>";
    for _ in 0..4_000 {
        let text = change(&change(page, &mut seed), &mut seed);
        let out = corpus::text::html::markdown(&text);
        assert!(out.len() <= 1024 + 256 * text.len(), "{} bytes out of {text}", out.len());
    }
}

#[test]
fn any_tmx_is_the_same_in_two_pieces() {
    let mut seed = 4;
    let scratch = Scratch::new();
    let sample = ROWS.iter().find(|s| s.format == "tmx/pairs").unwrap();
    for _ in 0..1_500 {
        let text = change(sample.text, &mut seed);
        let path = scratch.write("t.tmx", &text);
        let all = shared::records(&path, "tmx", (0, u64::MAX));
        let cut = text.len() as u64 / 2;
        let parts = [shared::records(&path, "tmx", (0, cut)), shared::records(&path, "tmx", (cut, u64::MAX))].concat();
        let rows =
            |records: &[String]| records.iter().filter(|r| !r.starts_with("truncated")).cloned().collect::<Vec<_>>();
        assert_eq!(rows(&parts), rows(&all), "{text}");
    }
}
