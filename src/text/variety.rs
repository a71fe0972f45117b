//! Which Chinese a text is written in: standard, Cantonese, Wu or classical, by characters that only one of them uses.
//!
//! - `yue`: a character of written Cantonese alone (`嘅 咗 喺 唔 佢`), and with those that it shares with others (`係 畀`)
//!   at least 4 in a hundred Han;
//! - `wuu`: the same, with characters of written Wu (`侬 呒 朆`), where they are not fewer than the Cantonese ones;
//! - `lzh`: at least 8 Han, at most one in a hundred of which is a word of the modern language (`的 了 们`); a particle or
//!   pronoun of the classical one (`曰 矣 焉`); and these, counted twice, with `之 其 者 也` at least 3, and a tenth of
//!   the Han. Words of today that hold such a character (`其他`, `之后`, `作者`, `几乎`) count as nothing.
//!
//! All else is `zh`: classical verse without particles too. The sets are our own, looked for in half of the lines that
//! `docs/language-detection.md` names; it has what they find in the other half.

use std::sync::LazyLock;

use super::classes;
use super::table::Table;

/// Of written Cantonese alone.
const YUE: u8 = 1;
/// Of Cantonese and others.
const YUE_TOO: u8 = 1 << 1;
/// Of written Wu alone.
const WUU: u8 = 1 << 2;
/// Of Wu and others.
const WUU_TOO: u8 = 1 << 3;
/// Of classical Chinese, seldom of today's.
const OLD: u8 = 1 << 4;
/// Of classical Chinese, often of today's too.
const OLD_TOO: u8 = 1 << 5;
/// Of the modern language alone.
const MODERN: u8 = 1 << 6;

const SETS: [(u8, &str); 7] = [
    (YUE, "嘅咗喺唔佢冇嘢啲嚟嗰哋嘞喎囖嚹𡃉攞瞓啱搵揾㗎諗谂睇㩒嘥噃𠻺𠸏"),
    (YUE_TOO, "係噉咁畀俾乜咩啫喀喇吖咪晒撳掣"),
    (WUU, "侬儂倷呒嘸朆伲囥揿搿覅㑚"),
    (WUU_TOO, "箇弗垃畀勒脱搭仔忒迭"),
    (OLD, "曰矣焉哉乎乃吾汝兮亦皆遂谓謂岂豈孰弗毋奚曷欤歟邪俱"),
    (OLD_TOO, "之其者也"),
    (MODERN, "的了們们這这麼么吗嗎呢吧她你您很"),
];

/// Words of today that hold a classical character, by pairs of characters.
const TODAY: &str = "其他其它其中其余其餘其实其實其次之后之後之前之间之間之一作者记者記者读者讀者患者或者再者学者學者编者編者费者費者\
                     用者业者業者创者創者理者参者參者在乎几乎幾乎似乎关乎關乎乃至";

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut flags = vec![0; char::MAX as usize + 1];
    for (flag, set) in SETS {
        set.chars().for_each(|c| flags[c as usize] |= flag);
    }
    Table::new(|c| flags[c as usize])
});

static PAIRS: LazyLock<Vec<(char, char)>> = LazyLock::new(|| {
    let characters: Vec<char> = TODAY.chars().collect();
    characters.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect()
});

/// What was counted in texts that belong together.
#[derive(Default)]
struct Found {
    han: usize,
    of: [usize; 7],
}

impl Found {
    fn add(&mut self, text: &str) {
        let (table, classes) = (&*TABLE, classes::table());
        let mut before = '\0';
        let mut characters = text.chars().peekable();
        while let Some(c) = characters.next() {
            if classes::is_han(classes.get(c)) {
                self.han += 1;
                let mut flags = table.get(c);
                if flags & (OLD | OLD_TOO) != 0 {
                    let today = |pair: (char, char)| PAIRS.contains(&pair);
                    if today((before, c)) || characters.peek().is_some_and(|next| today((c, *next))) {
                        flags &= !(OLD | OLD_TOO);
                    }
                }
                while flags != 0 {
                    self.of[flags.trailing_zeros() as usize] += 1;
                    flags &= flags - 1;
                }
            }
            before = c;
        }
    }

    fn get(&self, flag: u8) -> usize {
        self.of[flag.trailing_zeros() as usize]
    }
}

/// The code of the Chinese that texts which belong together are written in: `zh`, `yue`, `wuu` or `lzh`.
pub fn of(texts: &[&str]) -> &'static str {
    let mut found = Found::default();
    texts.iter().for_each(|text| found.add(text));
    let (yue, wuu) = (found.get(YUE), found.get(WUU));
    if wuu > 0 && wuu >= yue && (wuu + found.get(WUU_TOO)) * 25 >= found.han {
        return "wuu";
    }
    if yue > 0 && (yue + found.get(YUE_TOO)) * 25 >= found.han {
        return "yue";
    }
    let old = 2 * found.get(OLD) + found.get(OLD_TOO);
    let classical = found.han >= 8 && found.get(OLD) > 0 && old >= 3 && old * 10 >= found.han;
    if classical && found.get(MODERN) * 100 <= found.han { "lzh" } else { "zh" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_chinese_by_its_characters() {
        for (text, code) in [
            ("呢个系统嘅设定，佢哋喺度改过。", "yue"),
            ("你係唔係想刪除呢一版？", "yue"),
            ("侬勿要忘记脱伊讲，呒没关系。", "wuu"),
            ("其人曰：吾不知其名，故问之。弟子皆笑而不言。", "lzh"),
            ("今天的天气很好，我们去公园散步。", "zh"),
            ("其他用户或者作者之后几乎都会再次参加活动", "zh"),
            ("關係資料庫的使用者之間", "zh"),
            ("春风又绿江南岸，明月何时照我还。", "zh"),
            ("土耳其总统表示双方都可参加", "zh"),
            ("", "zh"),
        ] {
            assert_eq!(of(&[text]), code, "{text}");
        }
    }

    #[test]
    fn a_quotation_makes_no_text_classical() {
        let text = "老师解释说，“学而时习之，不亦说乎”的意思是：学了以后经常温习，不也是很愉快的吗？你们要记住这一点。";
        assert_eq!(of(&[text]), "zh");
        assert_eq!(of(&["唔……这个味道很奇怪，我还从来没有吃过这样的东西，大家都说不好吃。"]), "zh");
    }

    #[test]
    fn the_sets_are_without_doubles_and_pairs_are_whole() {
        for (_, set) in SETS {
            let mut characters: Vec<char> = set.chars().collect();
            characters.sort_unstable();
            characters.dedup();
            assert_eq!(characters.len(), set.chars().count(), "{set}");
        }
        assert!(TODAY.chars().count().is_multiple_of(2));
    }
}
