//! What all kernels that clean hold: a second time changes nothing, and well-formed Chinese never changes.

use super::boilerplate::{self, Cutter};
use super::{layout, mojibake, personal, residue};

pub(super) type Clean = Box<dyn Fn(&str) -> String>;

/// The kernels that clean, by name.
pub(super) fn kernels() -> Vec<(&'static str, Clean)> {
    let patterns = [boilerplate::ZH, boilerplate::EN].map(|tsv| boilerplate::parse(tsv).unwrap()).concat();
    let cutter = Cutter::new(patterns);
    let mask = |text: &str| personal::replace(text, personal::Kinds::ALL, &personal::Action::Mask).0.into_owned();
    vec![
        ("boilerplate", Box::new(move |text| cutter.clean(text).into_owned())),
        ("html", Box::new(|text| residue::html(text).into_owned())),
        ("markdown", Box::new(|text| residue::markdown(text).into_owned())),
        ("wiki", Box::new(|text| residue::wiki(text).into_owned())),
        ("links", Box::new(|text| residue::unlink(text, "").into_owned())),
        ("unspace", Box::new(|text| layout::unspace(text).into_owned())),
        ("unbreak", Box::new(|text| layout::unbreak(text).into_owned())),
        ("unrepeat", Box::new(|text| layout::unrepeat(text, 6).into_owned())),
        ("mojibake", Box::new(|text| mojibake::repair(text).0.into_owned())),
        ("personal", Box::new(mask)),
    ]
}

/// Pieces of all that the kernels look at.
const PIECES: &str = "中|文|字|，|。|！|”|“|（|）|《|》|\n|\n\n| |\u{3000}|a|b c|1|12|**|__|~~|#|## |> |- |[|]|](|http://a.bc/d|)|(|!|\
    <br>|<b>|</b>|<div>|<p class='x'>|<!--|-->|<script>|</script>|&amp;|&lt;|&gt;|&#91;|&nbsp;|`|```|    x|[[|]]|{{|}}|'''|''|==|\
    == 标 ==|[1]|[编辑]|<ref>|</ref>|<ref/>|展开全文|责任编辑：甲|首页|Read more|来源：乙|ä¸\u{AD}|Ã©|涓枃|æ–|é|×•|\
    这一句话要出现好几遍才行。|这一行也要出现好几遍才行|\t|www.x.yz|=|*|——|…|13812345678|a@b.cn|QQ：12345678|京A12345|号|路";

#[test]
fn a_second_time_changes_nothing() {
    let pieces: Vec<&str> = PIECES.split('|').collect();
    let kernels = kernels();
    let mut state = 99u64;
    let mut next = |n: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % n
    };
    for _ in 0..6_000 {
        let n = next(30);
        let text: String = (0..n).map(|_| pieces[next(pieces.len())]).collect();
        for (name, clean) in &kernels {
            let once = clean(&text);
            assert_eq!(clean(&once), once, "{name}: {text:?}");
        }
    }
}

#[test]
fn well_formed_chinese_stays() {
    let blocks = [(0x2E80, 0x2FDF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x2_0000, 0x3_23AF)];
    let han: Vec<char> = blocks.iter().flat_map(|(from, to)| *from..=*to).filter_map(char::from_u32).collect();
    let ends = ['。', '！', '？', '…', '」', '”'];
    let inner = ["，", "、", "；", "：", "《", "》", "“", "”", "（", "）", "「", "」", "——", "·", "　"];
    let mut text = String::new();
    for (at, line) in han.chunks(37).enumerate() {
        let (head, tail) = line.split_at(line.len() / 2);
        text.extend(head);
        text.push_str(inner[at % inner.len()]);
        text.extend(tail);
        text.push(ends[at % ends.len()]);
        text.push('\n');
    }
    text.pop();
    for (name, clean) in kernels() {
        let cleaned = clean(&text);
        let changed = text.lines().zip(cleaned.lines()).find(|(a, b)| a != b);
        assert!(cleaned == text, "{name}: {changed:?}");
    }
}

#[test]
fn as_many_layers_go_as_there_are() {
    let western = |text: &str| text.bytes().map(char::from).collect::<String>();
    let misread = (0..6).fold("中文".to_owned(), |text, _| western(&text));
    let nested = (0..40).fold("词".to_owned(), |text, _| format!("[{text}](http://a.bc)"));
    let (escaped, linked) = (format!("&{}lt;b&gt;", "amp;".repeat(90)), "ht".repeat(30) + &"tp://a.bc".repeat(30));
    let twice = "这一句话说了两遍才算数。";
    let said = format!("{}{}", &twice[..18], twice.repeat(30));
    for text in [&misread, &nested, &escaped, &linked, &said] {
        for (name, clean) in kernels() {
            let once = clean(text);
            assert_eq!(clean(&once), once, "{name}: {text:?}");
        }
    }
    assert_eq!(residue::markdown(&nested), "词");
}

#[test]
fn signs_of_chinese_stay_where_they_stand() {
    let blocks =
        [(0x3001, 0x303F), (0x2010, 0x2027), (0xFE30, 0xFE4F), (0xFF01, 0xFF0F), (0xFF1A, 0xFF20), (0xFF5B, 0xFF65)];
    let mut signs: Vec<char> = blocks.iter().flat_map(|(from, to)| *from..=*to).filter_map(char::from_u32).collect();
    signs.extend(['·', '×', '±', '°', '《', '〇', '㎡', '㈠', '①', '⑩', 'Ⅳ', '０', '９', 'Ａ', 'ｚ', '￥']);
    let opening = "（《「『【〈〔〖〘〚“‘［｛｟｢︵︷︹︻︽︿﹁﹃﹇";
    for (name, clean) in kernels() {
        for sign in &signs {
            // Within a sentence, doubled, beside Latin letters and digits, before and behind a break, around a name.
            let pair = opening
                .chars()
                .position(|o| o == *sign)
                .map_or(*sign, |at| "）》」』】〉〕〗〙〛”’］｝｠｣︶︸︺︼︾﹀﹂﹄﹈".chars().nth(at).unwrap_or(*sign));
            for text in [
                format!("春天的{sign}河水慢慢涨了起来。"),
                format!("他说{sign}{sign}这话不必当真。"),
                format!("第3章{sign}共12页，用Rust写成{sign}。"),
                format!("山路很长。{sign}\n{sign}天色已晚，行人都回家了。"),
                format!("读过{sign}红楼梦{pair}的人都知道这一回。\n还有{sign}一个人{pair}。"),
            ] {
                let cleaned = clean(&text);
                let moved = cleaned == text.replace(['\n'], "");
                assert!(cleaned == text || moved && name == "unbreak", "{name} {sign:?}: {text:?} -> {cleaned:?}");
            }
        }
    }
}
