//! Brackets and quotes of Chinese without the other one of the pair.
//!
//! Text has some that want none: `1）` before an item of a list, quotes that each paragraph of a long speech opens anew and
//! the last one closes, `〔` before what happens on a stage, faces and inches.

/// Pairs of brackets and quotes; ‘’ are left out, since ’ is an apostrophe.
const OPENING: [char; 9] = ['“', '「', '『', '《', '〈', '（', '【', '〔', '〖'];
const CLOSING: [char; 9] = ['”', '」', '』', '》', '〉', '）', '】', '〕', '〗'];
/// How many of them are quotes; and where round brackets and those of stage directions stand among them.
const QUOTES: usize = 3;
const ROUND: usize = 5;
const STAGE: usize = 7;
/// Bytes of the widest blank in front of a paragraph.
const INDENT: usize = 16;
/// Characters of the longest number of an item.
const ITEM: usize = 3;
/// What items are numbered with, beside digits and letters of ASCII.
const NUMERALS: &str = "一二三四五六七八九十甲乙丙丁０１２３４５６７８９①②③④⑤⑥⑦⑧⑨⑩";
/// What a face begins with that a round bracket ends.
const EYES: &str = ":：;；=＝^＾-－";

/// Counts them.
#[derive(Clone, Default)]
pub struct Brackets {
    /// How many of each kind are open, and round ones of ASCII.
    open: [u32; 9],
    ascii: u32,
    /// Whether the line began with what happens on a stage, which its end closes.
    stage: bool,
    /// Closing ones that nothing opened.
    unopened: u64,
}

impl Brackets {
    /// A line begins.
    pub fn line(&mut self) {
        self.stage = false;
    }

    /// A sign, with what stands before it in its line.
    #[inline(always)]
    pub fn sign(&mut self, c: char, before: &str) {
        match c {
            '(' => self.ascii += 1,
            // Either closes what the other opened; alone, those of ASCII are parts of code and faces.
            ')' => self.close(ROUND, before, true),
            _ if c.is_ascii() => {}
            _ => self.wide(c, before),
        }
    }

    fn wide(&mut self, c: char, before: &str) {
        if let Some(kind) = OPENING.iter().position(|o| *o == c) {
            let first = before.len() <= INDENT && before.trim_start().is_empty();
            let goes_on = kind < QUOTES && first && self.open[kind] > 0;
            self.stage |= kind == STAGE && first;
            let face = kind == ROUND && before.ends_with(|c| EYES.contains(c));
            self.open[kind] += u32::from(!(goes_on || face || kind == STAGE && first));
        } else if let Some(kind) = CLOSING.iter().position(|o| *o == c) {
            self.close(kind, before, false);
        }
    }

    fn close(&mut self, kind: usize, before: &str, ascii: bool) {
        let round = kind == ROUND;
        if self.ascii > 0 && (ascii || round && self.open[kind] == 0) {
            self.ascii -= 1;
        } else if self.open[kind] > 0 {
            self.open[kind] -= 1;
        } else if kind == STAGE && self.stage {
            self.stage = false;
        } else if !ascii {
            let wants_none = round && (is_item(before) || before.ends_with(|c| EYES.contains(c)))
                || kind == 0 && before.ends_with(|c: char| c.is_ascii_digit());
            self.unopened += u64::from(!wants_none);
        }
    }

    /// Those without the other one, at the end of a text.
    pub fn unpaired(&self) -> u64 {
        self.unopened + self.open.iter().map(|n| u64::from(*n)).sum::<u64>()
    }
}

/// Whether a number stands there, and nothing that it belongs to before it: `1`, `iv`, `十二`.
fn is_item(before: &str) -> bool {
    let number = |c: char| c.is_ascii_alphanumeric() || NUMERALS.contains(c);
    let length = before.chars().rev().take_while(|c| number(*c)).count();
    let outside = before.chars().rev().nth(length);
    (1..=ITEM).contains(&length) && outside.is_none_or(|c| !c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> u64 {
        let mut brackets = Brackets::default();
        for line in text.lines() {
            brackets.line();
            line.char_indices().for_each(|(at, c)| brackets.sign(c, &line[..at]));
        }
        brackets.unpaired()
    }

    #[test]
    fn pairs_and_singles() {
        for (text, unpaired) in [
            ("《书》“话（注》", 3),
            ("他说：“好”）", 1),
            ("（一）（二)(三）", 0),
            ("“甲。“乙。”", 1),
            ("第3）章", 1),
            ("他走了）。", 1),
            ("a) 甲 b) 乙", 0),
        ] {
            assert_eq!(of(text), unpaired, "{text}");
        }
    }

    #[test]
    fn what_wants_no_other() {
        for text in [
            "1）甲；2）乙；10）丙",
            "条件：a）甲，iv）乙",
            "一）甲\n十二）乙\n①）丙",
            "“第一段。\n　　“第二段。\n“第三段。”",
            "「甲。\n「乙。」",
            "〔王换衣。\n〔众人喝彩〕，〔鼓掌〕\n王（唱）",
            "真好：）明天见；）",
            "糟了:（",
            "27”的屏幕",
        ] {
            assert_eq!(of(text), 0, "{text}");
        }
        // A line that goes on opens no quote anew; what a stage direction opens is not closed by a later line.
        assert_eq!((of("“甲“乙。”"), of("〔甲\n乙〕")), (1, 1));
    }
}
