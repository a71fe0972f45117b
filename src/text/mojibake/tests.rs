use super::*;

fn as_western(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            0x80..=0x9F => encoding_rs::WINDOWS_1252.decode_without_bom_handling(&[b]).0.chars().next().unwrap(),
            b => char::from(b),
        })
        .collect()
}

fn fixed(text: &str) -> String {
    let once = repair(text).0.into_owned();
    assert_eq!(repair(&once).0, once, "again: {text:?}");
    once
}

#[test]
fn utf8_read_as_western_one_and_two_layers() {
    for text in
        ["中文", "编码错误，很常见。", "Café 很好", "“引号”——…", "日本語のテキスト", "naïve résumé", "温度为20°C"]
    {
        assert_eq!(fixed(&as_western(text)), text);
        assert_eq!(fixed(&as_western(&as_western(text))), text);
        let latin: String = text.bytes().map(char::from).collect();
        assert_eq!(fixed(&latin), text);
    }
    assert_eq!(repair(&as_western(&as_western("中文"))).1, Report { repaired: 1, layers: 2, suspect: 0 });
    assert_eq!(fixed("前文 ä¸\u{AD}æ–‡ 后文"), "前文 中文 后文");
}

#[test]
fn first_characters_are_those_that_their_bytes_tell() {
    for (heads, encoding) in HEADS.iter().zip(DOUBLE) {
        for c in (0x80..0x11_0000).filter_map(char::from_u32) {
            let is = heads.get(c as usize >> 6).is_some_and(|cell| cell >> (c as u32 & 63) & 1 == 1);
            let mut buffer = [0; 4];
            let (bytes, ..) = encoding.encode(c.encode_utf8(&mut buffer));
            assert_eq!(is, matches!(*bytes, [0xE2..=0xEF, 0x80..=0xBF]), "{c:?}");
        }
    }
}

#[test]
fn utf8_read_as_gbk_or_big5() {
    for text in ["今天天气真不错呀", "人民代表大会", "我们在学习编程语言", "数据清洗的方法有很多种"]
    {
        let (read, lossy) = GBK.decode_without_bom_handling(text.as_bytes());
        if !lossy {
            assert_eq!(fixed(&read), text);
        }
        let (read, lossy) = BIG5.decode_without_bom_handling(text.as_bytes());
        if !lossy {
            assert_eq!(fixed(&read), text);
        }
    }
    let (read, lossy) = GBK.decode_without_bom_handling("人民代表大会".as_bytes());
    assert!(!lossy, "{read}");
    assert_eq!(fixed(&format!("abc {read} def")), "abc 人民代表大会 def");
}

#[test]
fn gbk_read_as_latin() {
    let (bytes, _, _) = GBK.encode("中华人民共和国");
    let read: String = bytes.iter().map(|b| char::from(*b)).collect();
    assert_eq!(fixed(&read), "中华人民共和国");
    let (bytes, _, _) = GBK.encode("第 2 章：我们用 UI 设计出色的组件，说明书在此。");
    let read: String = bytes.iter().map(|b| char::from(*b)).collect();
    assert_eq!(fixed(&read), "第 2 章：我们用 UI 设计出色的组件，说明书在此。");
}

#[test]
fn well_formed_text_stays() {
    for text in [
        "中文，English。《书名》“引文”……——",
        "繁體中文與簡體中文",
        "Ein schöner Tag für Äpfel und Öl; ça va, où êtes-vous? Ÿ Ã",
        "涓涓细流，汇成江河",
        "罕見字：龘靐齉齾爩鱻麤龗灪厵",
        "±20°C £5 ©®™ «» ½",
        "ăâîșț łódź ñandú",
        "│×•×30000┊",
        "[àáâãäåæçèéêëìíîïðñòóôõö]+ ÀÁÂÃÄÅ ÈÉÊË",
    ] {
        assert!(matches!(repair(text), (Cow::Borrowed(same), Report { suspect: 0, .. }) if same == text), "{text}");
    }
}

#[test]
fn what_cannot_be_proved_is_counted() {
    assert_eq!(repair("锟斤拷锟斤拷").1.suspect, 2);
    assert_eq!(repair("坏\u{FFFD}了").1.suspect, 1);
    assert_eq!(repair("断了的 ä¸\u{AD}æ– 尾").1.repaired, 0);
    assert!(repair("断了的 ä¸\u{AD}æ– 尾").1.suspect > 0);
}

#[test]
fn no_block_of_han_changes() {
    let blocks = [
        (0x2E80, 0x2FDF),
        (0x3000, 0x303F),
        (0x3400, 0x4DBF),
        (0x4E00, 0x9FFF),
        (0xF900, 0xFAFF),
        (0xFE30, 0xFE4F),
        (0xFF00, 0xFFEF),
        (0x20000, 0x323AF),
    ];
    let all: Vec<char> = blocks.iter().flat_map(|(from, to)| *from..=*to).filter_map(char::from_u32).collect();
    for size in [1, 2, 3, 5, 8, 13, 40] {
        for piece in all.chunks(size) {
            let text: String = piece.iter().collect();
            assert_eq!(repair(&text).0, text);
        }
    }
    let mut state = 16u64;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize
    };
    for _ in 0..100_000 {
        let text: String = (0..3 + next() % 9).map(|_| all[next() % all.len()]).collect();
        assert_eq!(repair(&text).0, text);
    }
}

/// Bytes of an encoding, each read as the character of Latin-1.
fn latin(text: &str, encoding: &'static Encoding) -> String {
    encoding.encode(text).0.iter().map(|b| char::from(*b)).collect()
}

const SIMPLIFIED: &str = "这个村子在山的南面，住着一百多户人家。村口有一座石桥，老人们常在桥上说话。";
const TRADITIONAL: &str = "這個村子在山的南面，住著一百多戶人家。村口有一座石橋，老人們常在橋上說話。";
const JAPANESE: &str = "これは日本語の文章です。文字コードを間違えて読み込むと、このように読めなくなります。";
const KOREAN: &str = "오늘은 날씨가 좋아서 친구들과 함께 공원에 갔습니다. 내일은 비가 올 것 같습니다";

#[test]
fn double_bytes_read_as_latin() {
    use encoding_rs::{EUC_JP, EUC_KR, SHIFT_JIS};
    for (text, encoding) in
        [(TRADITIONAL, BIG5), (SIMPLIFIED, GBK), (JAPANESE, SHIFT_JIS), (JAPANESE, EUC_JP), (KOREAN, EUC_KR)]
    {
        assert_eq!(fixed(&latin(text, encoding)), text, "{}", encoding.name());
        let two = as_western(&latin(text, encoding));
        assert_eq!(fixed(&two), text, "{} and UTF-8", encoding.name());
    }
    // A heading of three characters, behind a sentence that proves the encoding; ASCII beside it.
    let text = "第三章\n\nUI 設計的重點在於讓使用者一看就明白。\n下一章 ok";
    assert_eq!(fixed(&latin(text, BIG5)), text);
    let lines = format!("前文是好的。\n{}\n後文也是好的。", latin(TRADITIONAL, BIG5));
    assert_eq!(fixed(&lines), format!("前文是好的。\n{TRADITIONAL}\n後文也是好的。"));
}

#[test]
fn one_double_byte_encoding_read_as_another() {
    use encoding_rs::{EUC_JP, SHIFT_JIS};
    for (text, written, read) in
        [(SIMPLIFIED, GBK, BIG5), (TRADITIONAL, BIG5, GBK), (JAPANESE, EUC_JP, GBK), (JAPANESE, SHIFT_JIS, GBK)]
    {
        let bytes = written.encode(text).0;
        let (wrong, lossy) = read.decode_without_bom_handling(&bytes);
        if !lossy && read.encode(&wrong).0 == bytes {
            assert_eq!(fixed(&wrong), text, "{} as {}", written.name(), read.name());
        } else {
            assert!(repair(&wrong).1.suspect > 0, "{} as {}: {wrong}", written.name(), read.name());
        }
    }
}

#[test]
fn verse_stays() {
    // Lines of Tang and Song poems, and titles, that had two known pairs or three when read as GBK.
    for text in [
        "郊廟歌辭 中宗祀昊天樂章 雍和",
        "曰保曰貝，閉壁連阻。",
        "弘景寄跡釣槎兮，隠吏栖於梅市。",
        "栖栖窮塗間，但未操井臼。",
        "奉和御製奉祀述懷歌",
        "潮來音普聞，潮平音亦歇。",
        "滯雨兼蘭夕，遥帷更燭房。",
        "載明載滅，載高載卑。",
        "蛟蛇龜蟲厄，鱗裂口塊吐。",
    ] {
        assert_eq!(fixed(text), text);
    }
}

#[test]
fn short_runs_beside_long_ones() {
    let lines = format!("{TRADITIONAL}\n記\n得 1\n{TRADITIONAL}");
    let bytes = BIG5.encode(&lines).0;
    let (wrong, lossy) = GBK.decode_without_bom_handling(&bytes);
    assert!(!lossy);
    assert_eq!(fixed(&wrong), lines);
    assert_eq!(fixed(&latin(&lines, BIG5)), lines);
}

#[test]
fn utf8_read_in_other_alphabets() {
    use encoding_rs::{KOI8_R, MACINTOSH, WINDOWS_1251};
    for encoding in [WINDOWS_1251, KOI8_R, MACINTOSH] {
        let wrong: String =
            SIMPLIFIED.bytes().map(|b| encoding.decode_without_bom_handling(&[b]).0.chars().next().unwrap()).collect();
        let right = fixed(&wrong);
        assert_eq!(right, SIMPLIFIED, "{}", encoding.name());
        assert_eq!(fixed(&format!("abc {wrong} def")), format!("abc {SIMPLIFIED} def"));
    }
}

#[test]
fn part_of_a_run() {
    assert_eq!(fixed("前文ä¸\u{AD}æ–‡后文，“引号”和×·°"), "前文中文后文，“引号”和×·°");
}

#[test]
fn other_languages_stay() {
    for text in [
        "Съешь же ещё этих мягких французских булок, да выпей чаю. Ё №5 «так»",
        JAPANESE,
        KOREAN,
        TRADITIONAL,
        "Þórður og Ævar ætluðu að sækja fé í Öræfi, en þá kom óveður; « ça » où ÉTÉ",
        "Příliš žluťoučký kůň úpěl ďábelské ódy. Zażółć gęślą jaźń. İstanbul'da güneş",
        "日本国憲法は、昭和二十一年に公布された。東京、大阪、京都、名古屋、横浜、神戸",
        "部首：丨丿丶乙亅亠冂冖冫几凵勹匕匚匸卩厂厶廴廾弋弓彐彡彳",
    ] {
        assert!(matches!(repair(text), (Cow::Borrowed(same), Report { suspect: 0, .. }) if same == text), "{text}");
    }
}
