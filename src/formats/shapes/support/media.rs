//! Pictures, films and sounds that a row speaks of: in fields beside its text, or by tags around their paths in it.

use super::values::first;
use crate::formats::Object;
use crate::formats::json::Json;
use crate::rows::{Content, Message};

/// What stands beside text that speaks of a picture, a film or a sound.
const FIELDS: [&str; 12] = [
    "image",
    "images",
    "image_path",
    "image_paths",
    "image_url",
    "img",
    "video",
    "videos",
    "video_path",
    "audio",
    "audios",
    "audio_path",
];

/// Tags around a path, and what they are called.
const TAGS: [(&str, &str, &str); 3] =
    [("<img>", "</img>", "<img>"), ("<audio>", "</audio>", "<audio>"), ("<video>", "</video>", "<video>")];

/// The field with the picture, film or sound that the text speaks of, if one is filled and not among those `taken`.
pub fn beside(object: &Object<'_>, taken: &[&str]) -> Option<&'static str> {
    let empty = |value: Json<'_>| {
        matches!(value.get().trim(), "null" | "\"\"" | "false" | "{}") || {
            first(value) == b'[' && value.get().bytes().all(|b| b"[] \t\r\n,\"nul".contains(&b))
        }
    };
    object.fields().find_map(|(key, value)| {
        let name = FIELDS.into_iter().find(|name| *name == key).filter(|name| !taken.contains(name))?;
        (!empty(value)).then_some(name)
    })
}

/// The tag around the path of a picture, film or sound with which something that a user says begins, as Qwen-VL and
/// Qwen-Audio are trained (`Picture 1: <img>a.jpg</img>`).
pub fn within(content: &Content<'_>) -> Option<&'static str> {
    let of = |messages: &[Message<'_>]| messages.iter().filter(|m| m.role == "user").find_map(|m| tag(&m.content));
    match content {
        Content::Instruct { messages, .. } => of(messages),
        Content::Rlhf(pair) => of(&pair.prompt),
        Content::Pretrain { .. } | Content::Task(_) => None,
    }
}

fn tag(text: &str) -> Option<&'static str> {
    let start = text.trim_start();
    let numbered = ["Picture ", "Audio ", "Video "].iter().find_map(|word| start.strip_prefix(word));
    let behind = numbered.map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    let start = behind.and_then(|rest| rest.strip_prefix(':')).map_or(start, str::trim_start);
    let (_, path, name) = TAGS.iter().find_map(|(open, close, name)| {
        let (path, rest) = start.strip_prefix(open)?.split_once(close)?;
        Some((rest, path, *name))
    })?;
    is_path(path.trim()).then_some(name)
}

/// Whether a text is where a file lies: one line with an extension at its end, or an address.
fn is_path(text: &str) -> bool {
    let ends = text
        .rsplit_once('.')
        .is_some_and(|(_, end)| matches!(end.len(), 2..=5) && end.bytes().all(|b| b.is_ascii_alphanumeric()));
    !text.contains(['\n', '<', '>']) && (ends || text.starts_with("http://") || text.starts_with("https://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_around_paths_are_pictures_and_tags_of_pages_are_none() {
        for (text, name) in [
            ("Picture 1: <img>assets/河边 1.jpeg</img>\n图里是什么？", "<img>"),
            ("<img>https://a.example/i?id=1</img>图里是什么？", "<img>"),
            ("\nAudio 12:<audio>a.wav</audio> What is said?", "<audio>"),
        ] {
            assert_eq!(tag(text), Some(name), "{text}");
        }
        for text in [
            "<img src=\"a.png\">是什么标签？",
            "<img>…</img> 在 HTML 里对吗？",
            "怎么写 <img>a.png</img>？",
            "Picture 1: 河边",
            "<video>Your browser\nis old.</video>",
            "",
        ] {
            assert_eq!(tag(text), None, "{text}");
        }
    }
}
