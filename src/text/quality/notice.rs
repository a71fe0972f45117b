//! What a site says of itself and its rights: terms of use, privacy, cookies, disclaimers, whether as menus or in whole
//! sentences.
//!
//! Text about law, privacy or programs has some of the words (`data/notice.txt`), never as thick, and seldom those by which a
//! site and its visitors are named.

use std::sync::LazyLock;

use super::visitor::Words;

/// Characters of a text that are looked at.
const BEGINNING: usize = 800;
/// Characters of its head, and different words of the fewest that it has where there are more to come.
const HEAD: usize = 200;
const FIRST: usize = 3;
/// Different words of the fewest that tell, and of those by which site and visitors are named.
const FEWEST: usize = 8;
const NAMED: usize = 4;

/// The words that name a site, what it publishes and who visits it; and all.
static WORDS: LazyLock<[Words; 2]> = LazyLock::new(|| {
    let list = include_str!("data/notice.txt");
    let (named, _) = list.split_once("# What is said").unwrap_or_default();
    [Words::of(named), Words::of(list)]
});

/// Characters of such words among the first ones of a text, and how many were looked at; 0 where there are few different
/// words, or fewer than three different ones at its head.
pub fn notice(codes: &[u32]) -> (u64, u64) {
    let beginning = &codes[..codes.len().min(BEGINNING)];
    let head = &beginning[..beginning.len().min(HEAD)];
    if WORDS[1].find(head).1 < FIRST {
        return (0, beginning.len() as u64);
    }
    let (characters, different) = WORDS[1].find(beginning);
    let told = different >= FEWEST && WORDS[0].find(beginning).1 >= NAMED;
    (if told { characters } else { 0 }, beginning.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(text: &str) -> f64 {
        let (part, all) = notice(&text.chars().map(u32::from).collect::<Vec<_>>());
        part as f64 / all as f64
    }

    #[test]
    fn notices_and_text_about_them() {
        assert!(
            share("用户应当遵守本协议的条款，本网站有权修改，您继续使用即视为同意。本平台不承担由此造成的损失。") > 0.3
        );
        assert!(
            share("使用者應當遵守本協議的條款，本網站有權修改，您繼續使用即視為同意。本平台不承擔由此造成的損失。")
                > 0.3
        );
        let law = "最高人民法院昨天公布了一起案件的判决：原告认为被告侵犯了他的著作权，要求赔偿损失，法院认为被告应当承担责任。";
        assert_eq!(share(law), 0.0);
    }
}
