use super::signal::{OF_WORDS, SIGNALS, Signal::*};
use super::*;

fn of(text: &str) -> Values {
    Meter::default().measure(text, None)
}

fn near(values: &Values, signal: Signal, value: f64) {
    let found = values.get(signal).unwrap();
    assert!((found - value).abs() < 1e-12, "{}: {found}, not {value}", SIGNALS[signal as usize].name);
}

#[test]
fn a_meter_forgets() {
    let mut meter = Meter::default();
    let texts = [
        "第一段文字。\n第二段。",
        "",
        "Plain English, with words and words.",
        "重复重复重复重复重复重复重复重复",
        "。",
        "a\n\n",
    ];
    for text in texts.iter().chain(texts.iter().rev()) {
        let (again, once) = (meter.measure(text, None), of(text));
        assert!(again.0.iter().zip(&once.0).all(|(a, b)| a.to_bits() == b.to_bits()), "{text}");
    }
}

#[test]
fn what_is_not_asked_for_has_no_value_and_changes_no_other() {
    let texts = [
        "我们走在路上，路上没有人，路上没有人，路上没有人。\n我们走在路上，路上没有人，路上没有人。\n\n- 全场包邮\nPrivacy Policy 见 https://a.cn/b <b>$x^2$</b>",
        "Plain English, with words and words, and words and words, and words and words.\n# Use cookies\n",
        "",
    ];
    let words = ["我们", "走", "在", "路上", "路上", "没有", "人", "路上", "没有", "人", "路上", "没有", "人", "的"];
    let mut groups: Vec<Group> = SIGNALS.iter().map(|s| s.group).collect();
    groups.sort_unstable();
    groups.dedup();
    assert_eq!(groups.len(), 12);
    let mut meter = Meter::default();
    for (text, words) in texts.iter().flat_map(|text| [(text, None), (text, Some(&words[..]))]) {
        let all = meter.measure(text, words);
        for pick in 0..1u32 << groups.len() {
            let some: Groups = groups.iter().copied().filter(|group| pick >> *group as u32 & 1 == 1).collect();
            let found = meter.measure_some(text, words, some);
            for (about, (found, all)) in SIGNALS.iter().zip(found.0.iter().zip(&all.0)) {
                let want = if some.has(about.group) { all.to_bits() } else { f64::NAN.to_bits() };
                assert_eq!(found.to_bits(), want, "{} of {text}", about.name);
            }
        }
    }
}

#[test]
fn chinese_in_characters_and_in_words() {
    let text = "我们走在路上，路上没有人。\n他说：“好的……”\n";
    let values = of(text);
    // 24 signs and letters without the two line breaks.
    near(&values, Units, 22.0);
    near(&values, Lines, 2.0);
    near(&values, MeanLine, 24.0 / 2.0);
    near(&values, EndedLines, 1.0);
    near(&values, TerminalLines, 0.5);
    near(&values, Sentences, 2.0);
    near(&values, EllipsisLines, 0.0);
    near(&values, EllipsisPerUnit, 1.0 / 22.0);
    near(&values, StopWords, 5.0);
    assert_eq!((values.get(Top2), values.get(Dup5)), (None, None));
    let in_characters = values;
    let words = ["我们", "走", "在", "路上", "路上", "没有", "人", "他", "说", "好", "的"];
    let values = Meter::default().measure(text, Some(&words));
    near(&values, Units, 11.0);
    near(&values, MeanUnit, 15.0 / 11.0);
    near(&values, UniqueUnits, 10.0 / 11.0);
    near(&values, Top2, 3.0 / 24.0);
    near(&values, LetterUnits, 1.0);
    let of_words =
        SIGNALS.iter().enumerate().filter(|(at, _)| in_characters.0[*at].is_nan() && !values.0[*at].is_nan());
    assert_eq!(of_words.map(|(_, about)| about.name).collect::<Vec<_>>(), OF_WORDS);
}

#[test]
fn english_counts_the_spaces_between_words() {
    let values = of("to be or not to be, # that is it...");
    near(&values, Units, 9.0);
    near(&values, StopWords, 3.0);
    near(&values, HashPerUnit, 1.0 / 9.0);
    near(&values, EllipsisPerUnit, 1.0 / 9.0);
    near(&values, Top2, 10.0 / 35.0);
    near(&values, EndedLines, 0.0);
    near(&values, HanRatio, 0.0);
}

#[test]
fn lines_and_paragraphs_that_stood_before() {
    let values = of("甲乙丙\n丁戊\n\n甲乙丙\n丁戊\n \n己");
    near(&values, Lines, 5.0);
    near(&values, DupLines, 2.0 / 5.0);
    near(&values, DupLineChars, 5.0 / 18.0);
    near(&values, DupParagraphs, 1.0 / 3.0);
    near(&values, DupParagraphChars, 6.0 / 18.0);
}

#[test]
fn what_chinese_needs() {
    let pure = of("这是一段关于历史的文字，它说明了城市怎样从一个村庄发展起来。");
    assert!(pure.get(KnownPairs).unwrap() > 0.3 && pure.get(FunctionRatio).unwrap() > 0.1);
    near(&pure, RareRatio, 0.0);
    near(&pure, TraditionalRatio, 0.0);
    let mixed = of("学习與學習");
    near(&mixed, TraditionalRatio, 0.6);
    near(&mixed, MixedScript, 0.4);
    assert!(of("子曰：學而時習之，不亦說乎？").get(ClassicalRatio).unwrap() > 0.2);
    assert!(of("佢哋喺邊度？唔係啦，冇嘢。").get(CantoneseRatio).unwrap() > 0.4);
    near(&of("《书》“话（注》"), UnpairedSigns, 3.0 / 8.0);
    near(&of("好,的。"), HalfWidthSigns, 0.5);
    near(&of("好！！！！真的……好——"), SignRuns, 4.0 / 12.0);
    near(&of("天地玄黄，宇宙洪荒。"), LongestHan, 4.0);
}

#[test]
fn wrong_encodings() {
    let text = "清晨的雾还没有散，码头上已经站满了等船的人。";
    let latin: String = text.bytes().map(char::from).collect();
    assert!(of(&latin).get(MojibakeRatio).unwrap() > 0.9);
    let (gbk, ..) = encoding_rs::GBK.decode(text.as_bytes());
    assert!(of(&gbk).get(MisreadRatio).unwrap() > 0.8, "{gbk}");
    let (bytes, ..) = encoding_rs::GBK.encode(text);
    assert!(of(&String::from_utf8_lossy(&bytes)).get(BrokenRatio).unwrap() > 0.5);
    let good = of(text);
    assert!(good.get(MisreadRatio).unwrap() < 0.3);
    near(&good, MojibakeRatio, 0.0);
    near(&good, BrokenRatio, 0.0);
    near(&of("Le café « Élysée » est fermé; déjà-vu à côté."), MojibakeRatio, 0.0);
}

#[test]
fn what_is_no_prose() {
    near(&of("见 https://a.cn/b 处"), LinkRatio, 14.0 / 18.0);
    near(&of("<b>字</b>"), MarkupRatio, 7.0 / 8.0);
    near(&of("设 $x^2$ 为正"), FormulaRatio, 5.0 / 10.0);
    near(&of("代码\n```\nint 甲;\n```"), CodeRatio, 12.0 / 17.0);
    near(&of("let x = a[1];\n好"), CodeRatio, 13.0 / 15.0);
    // Drawn lines: strings of a guitar, borders of tables and boxes; no line of dashes alone.
    near(&of("e|--3---2-|\n好"), CodeRatio, 11.0 / 13.0);
    near(&of("┌────┐  ┌──┐\n好"), CodeRatio, 12.0 / 14.0);
    near(&of("----------\n好"), CodeRatio, 0.0);
    near(&of("全场包邮，欲购从速"), AdRatio, 8.0 / 9.0);
    near(&of("全场包邮，欲购从速"), SpamTerms, 2.0);
    near(&of("1. 甲\n2. 乙\n三、丙\n其他"), ListLines, 0.75);
    near(&of("电话：1\n电话：2\n电话：3\n其他"), LikeStarts, 0.75);
}

#[test]
fn no_text_is_too_strange() {
    let alphabet: Vec<char> = "a我Ã¤。…\n \t#$<{（“《.1https://www.的，—\u{FFFD}\u{0}\u{300}😀Ａ".chars().collect();
    let mut meter = Meter::default();
    let mut state = 3u64;
    for round in 0..3_000usize {
        let text: String = (0..round % 90)
            .map(|_| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                alphabet[(state >> 33) as usize % alphabet.len()]
            })
            .collect();
        let values = meter.measure(&text, None);
        for (about, value) in SIGNALS.iter().zip(&values.0) {
            let free = about.count || value.is_nan();
            let wide = ["unit", "length", "entropy", "top_", "newlines", "signs", "densest_offer"];
            let range = match about.name {
                // The logarithm of odds, and a mean of cosines.
                "disorder" => f64::MIN..=f64::MAX,
                "sense" => -1.0..=1.0,
                name if wide.iter().any(|part| name.contains(part)) => 0.0..=f64::INFINITY,
                _ => 0.0..=1.0,
            };
            assert!(free || range.contains(value), "{}: {value} of {text:?}", about.name);
        }
    }
}

#[test]
fn a_long_text_is_judged_by_its_beginning() {
    let text = format!("{}{}", "天地玄黄，宇宙洪荒。\n".repeat(LONGEST / 31 + 1), "a".repeat(LONGEST));
    near(&of(&text), LetterRatio, of(&text[..text.floor_char_boundary(LONGEST)]).get(LetterRatio).unwrap());
}
