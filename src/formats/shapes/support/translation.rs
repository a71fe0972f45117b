//! Translation pairs as dialogues: the instructions, and which one a pair gets.

use std::borrow::Cow;

use xxhash_rust::xxh3::Xxh3;

use crate::formats::{Choice, Layout};
use crate::rows::{Content, Message, Task, Use};

/// In which language the instruction is.
pub const TEMPLATE: Choice = Choice {
    name: "template",
    words: &["mixed", "zh", "en"],
    about: "for instruction tuning: instructions in Chinese and English, or in one of them",
};

/// Which side is translated.
pub const DIRECTION: Choice = Choice {
    name: "direction",
    words: &["output", "both"],
    about: "for instruction tuning: into the language of the output, or half of the pairs the other way round",
};

const ZH: [&str; 4] = [
    "把下面的{from}翻译成{to}：\n{text}",
    "翻译成{to}：\n{text}",
    "请将以下内容翻译成{to}。\n\n{text}",
    "{text}\n\n请把上面这段话译成{to}。",
];
const EN: [&str; 4] = [
    "Translate the following {from} text into {to}:\n{text}",
    "Translate into {to}:\n{text}",
    "Please give the {to} translation of this text.\n\n{text}",
    "{text}\n\nTranslate the text above into {to}.",
];

/// Code, and the language's name in Chinese and English.
#[rustfmt::skip]
const NAMES: [(&str, &str, &str); 24] = [
    ("zh", "中文", "Chinese"), ("en", "英文", "English"), ("ja", "日文", "Japanese"), ("ko", "韩文", "Korean"),
    ("fr", "法文", "French"), ("de", "德文", "German"), ("es", "西班牙文", "Spanish"), ("ru", "俄文", "Russian"),
    ("ar", "阿拉伯文", "Arabic"), ("pt", "葡萄牙文", "Portuguese"), ("it", "意大利文", "Italian"),
    ("vi", "越南文", "Vietnamese"), ("th", "泰文", "Thai"), ("nl", "荷兰文", "Dutch"), ("tr", "土耳其文", "Turkish"),
    ("pl", "波兰文", "Polish"), ("hi", "印地文", "Hindi"), ("ms", "马来文", "Malay"), ("yue", "粤语", "Cantonese"),
    ("bo", "藏文", "Tibetan"), ("mn", "蒙古文", "Mongolian"), ("ug", "维吾尔文", "Uyghur"), ("uk", "乌克兰文", "Ukrainian"),
    ("fa", "波斯文", "Persian"),
];

fn name(code: &str, chinese: bool) -> String {
    match code.split_once('-').unwrap_or((code, "")) {
        ("zh", "Hant" | "TW" | "HK") => if chinese { "繁体中文" } else { "Traditional Chinese" }.to_owned(),
        (code, _) => NAMES.iter().find(|n| n.0 == code).map_or(code, |n| if chinese { n.1 } else { n.2 }).to_owned(),
    }
}

/// A pair as the layout's use wants it. For instruction tuning the user asks for the translation in words that a hash of
/// the pair chooses: the same pair is asked for in the same words, wherever it stands.
pub fn content<'a>(layout: &Layout, task: Task<'a>) -> Content<'a> {
    let (Use::Instruct, Some(input), Some(output)) = (layout.usage, &task.input, &task.output) else {
        return Content::Task(Box::new(task));
    };
    let mut hash = Xxh3::new();
    [input.as_bytes(), &[0], output.as_bytes()].into_iter().for_each(|bytes| hash.update(bytes));
    let hash = hash.digest();
    let code = |language: &Option<Cow<'a, str>>| language.as_deref().unwrap_or("").to_owned();
    let mut sides = [(input, code(&task.input_language)), (output, code(&task.output_language))];
    if layout.option(DIRECTION.name) == Some("both") && hash >> 63 == 1 {
        sides.reverse();
    }
    let chinese = match layout.option(TEMPLATE.name) {
        Some("zh") => true,
        Some("en") => false,
        _ => hash >> 62 & 1 == 1,
    };
    let [(text, from), (answer, to)] = sides;
    // Where the source does not say its languages, the words must not name them.
    let asked = if to.is_empty() || from.is_empty() {
        let plain = if chinese { "翻译下面的内容：\n" } else { "Translate the following text:\n" };
        format!("{plain}{text}")
    } else {
        let words = if chinese { ZH } else { EN }[(hash % 4) as usize];
        // The text comes last: it may hold braces of its own.
        let words = words.replace("{from}", &name(&from, chinese)).replace("{to}", &name(&to, chinese));
        words.replacen("{text}", text, 1)
    };
    let messages = vec![Message::new("user", asked), Message::new("assistant", answer.clone())];
    Content::Instruct { messages, tools: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::shapes::tests::layout;

    fn ask(text: &str, options: &[(&str, &str)]) -> [String; 2] {
        let mut layout = layout(Use::Instruct);
        options.iter().for_each(|(k, v)| drop(layout.options.insert((*k).into(), (*v).into())));
        let task = Task {
            input: Some(Cow::Owned(text.to_owned())),
            output: Some("你{to}好".into()),
            input_language: Some("en".into()),
            output_language: Some("zh".into()),
            ..Task::default()
        };
        let Content::Instruct { messages, .. } = content(&layout, task) else { panic!() };
        [messages[0].content.to_string(), messages[1].content.to_string()]
    }

    #[test]
    fn a_hash_chooses_the_words_and_the_direction() {
        let all: Vec<[String; 2]> = (0..400).map(|n| ask(&format!("Hello {n}"), &[])).collect();
        assert!(all.iter().all(|said| said[1] == "你{to}好"));
        assert_eq!(all[7], ask("Hello 7", &[]));
        let starts = |word: &str| all.iter().filter(|said| said[0].contains(word)).count();
        assert!((150..250).contains(&starts("Chinese")), "{}", starts("Chinese"));
        assert_eq!(starts("Chinese") + starts("中文"), 400);
        assert!((0..400).all(|n| ask(&format!("Hello {n}"), &[("template", "zh")])[0].contains("中文")));
        let turned = (0..400).filter(|n| ask(&format!("Hello {n}"), &[("direction", "both")])[1].starts_with("Hello"));
        assert!((150..250).contains(&turned.count()));
        // What the text holds is no place of the words.
        assert!(ask("a {to} b", &[])[0].contains("a {to} b"));
    }

    #[test]
    fn names_of_languages() {
        assert_eq!((name("zh-TW", true), name("zh-CN", false)), ("繁体中文".to_owned(), "Chinese".to_owned()));
        assert_eq!(name("xx", true), "xx");
    }
}
