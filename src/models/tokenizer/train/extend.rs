//! A vocabulary of others with new pieces behind it, as Chinese-LLaMA extends LLaMA's: pieces are learnt on top of what
//! the tokenizer makes of words, so old ids stay what they are, every new piece can be reached, and a text in which no new
//! piece stands is cut as before.
//!
//! New merges come behind all old ones: a text is first cut as before, and then neighbours become new pieces. Where a
//! character has no piece (SentencePiece's vocabularies write its bytes), it gets one first.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::bpe::{Corpus, Join, learn};
use super::sentence_piece::Model;
use super::words::{Words, alphabet};
use super::{Made, Options, fresh};
use crate::models::tokenizer::pieces::named_byte;
use crate::models::tokenizer::{Scratch, Tokenizer, hugging_face};
use crate::models::{Error, Result};

/// A tokenizer that is extended.
pub struct Base {
    json: Json,
    tokenizer: Tokenizer,
    /// The model of SentencePiece that it is, and its file.
    model: Option<(Model, Vec<u8>)>,
    of_bytes: bool,
}

/// What came of it.
pub struct Extended {
    /// The `tokenizer.json`.
    pub json: Json,
    /// The `.model`, where the base is one.
    pub model: Option<Vec<u8>>,
    /// What was added.
    pub made: Made,
}

impl Base {
    /// Reads it.
    ///
    /// # Errors
    /// A file that cannot be read, or a tokenizer that is no byte-pair encoding.
    pub fn read(path: &Path) -> Result<Base> {
        let refuse = |what: String| Error::file(path, format!("this tokenizer cannot be extended: {what}"));
        let tokenizer = Tokenizer::read(path)?;
        let bytes = std::fs::read(path).map_err(|e| Error::file(path, e.to_string()))?;
        let (json, model) = match tokenizer.kind() {
            "tokenizer.json" => (serde_json::from_slice::<Json>(&bytes).map_err(|e| refuse(e.to_string()))?, None),
            "SentencePiece" => {
                let model = Model::read(&bytes).map_err(refuse)?;
                (model.json(), Some((model, bytes)))
            }
            other => return Err(refuse(format!("it is {other}: name the model's tokenizer.json"))),
        };
        let of_bytes = hugging_face::is_of_bytes(&json);
        let own = &json["model"];
        if !own["vocab"].is_object() || !own["merges"].is_array() {
            return Err(refuse("it is no byte-pair encoding".into()));
        }
        let affix = |key: &str| own[key].as_str().is_some_and(|affix| !affix.is_empty());
        if affix("continuing_subword_prefix") || affix("end_of_word_suffix") {
            return Err(refuse("its pieces say where in a word they stand".into()));
        }
        if !of_bytes && own["byte_fallback"].as_bool() != Some(true) {
            return Err(refuse("it has neither bytes nor bytes for unknown characters".into()));
        }
        // Of a model the `tokenizer.json` is looked at, which is what is written.
        let tokenizer = if model.is_some() { Tokenizer::of_json(path, json.clone())? } else { tokenizer };
        Ok(Base { json, tokenizer, model, of_bytes })
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Whether it splits texts into words itself.
    fn splits(&self) -> bool {
        let mut words = 0;
        self.tokenizer.words("a b\n你好", &mut |_| words += 1).is_ok() && words > 1
    }

    /// What splits texts into words: itself, or where it does not, what splits those of a new tokenizer.
    ///
    /// # Errors
    /// None but of the library that reads it.
    pub fn splitter(&self, options: &Options) -> std::result::Result<Option<Tokenizer>, String> {
        if self.splits() { Ok(None) } else { fresh::splitter(options).map(Some) }
    }
}

/// The pieces of a vocabulary by id, and new ones behind them.
struct Pieces {
    pieces: Vec<Option<String>>,
    ids: HashMap<String, u32>,
    /// The first new id.
    first: u32,
}

impl Pieces {
    fn of(base: &Base) -> Self {
        let first = base.tokenizer.vocabulary();
        let mut all = Pieces { pieces: vec![None; first as usize], ids: HashMap::new(), first };
        for (piece, id) in base.json["model"]["vocab"].as_object().into_iter().flatten() {
            if let Some(place) = id.as_u64().and_then(|id| all.pieces.get_mut(id as usize)) {
                *place = Some(piece.clone());
                all.ids.insert(piece.clone(), id.as_u64().unwrap_or_default() as u32);
            }
        }
        // Added tokens are no parts of words, and no word becomes one.
        for token in base.tokenizer.added().map(str::to_owned).collect::<Vec<_>>() {
            let id = base.tokenizer.id(&token).unwrap_or_default();
            if let Some(place) = all.pieces.get_mut(id as usize) {
                *place = None;
            }
            all.ids.insert(token, id);
        }
        all
    }

    fn push(&mut self, piece: String) -> u32 {
        let id = self.pieces.len() as u32;
        self.ids.insert(piece.clone(), id);
        self.pieces.push(Some(piece));
        id
    }

    /// Gives characters that have no piece one each; what they are.
    fn characters(&mut self, words: &Words, room: usize) -> std::result::Result<HashMap<char, u32>, String> {
        let lacks = |c: &char| {
            !c.is_whitespace() && !c.is_control() && !self.ids.contains_key(c.encode_utf8(&mut [0; 4]) as &str)
        };
        let lacking: Vec<char> = alphabet(words, fresh::COVERAGE).into_iter().filter(lacks).collect();
        if lacking.len() > room {
            let lacking = lacking.len();
            return Err(format!(
                "{room} new pieces have no room for the {lacking} characters that the tokenizer lacks"
            ));
        }
        Ok(lacking.into_iter().map(|c| (c, self.push(c.to_string()))).collect())
    }

    /// How many are new.
    fn added(&self) -> usize {
        self.pieces.len() - self.first as usize
    }

    /// A piece that may be joined with another.
    fn part(&self, id: u32) -> Option<&str> {
        self.pieces.get(id as usize)?.as_deref().filter(|piece| named_byte(piece).is_none())
    }
}

/// The words as the tokenizer cuts them.
struct Cutter<'a> {
    base: &'a Base,
    /// Whether words are cut as they stand; else behind the end of a line.
    whole: bool,
    before: Vec<u32>,
    scratch: Scratch,
    ids: Vec<u32>,
}

impl Cutter<'_> {
    fn encode(&mut self, text: &str) -> std::result::Result<(), String> {
        self.ids.clear();
        self.base.tokenizer.encode(text, &mut self.scratch, &mut self.ids)
    }

    /// The ids of a part of a word.
    fn cut(&mut self, part: &str) -> std::result::Result<&[u32], String> {
        if !self.whole {
            self.encode(&format!("\n{part}"))?;
            if self.ids.starts_with(&self.before) {
                return Ok(&self.ids[self.before.len()..]);
            }
        }
        self.encode(part)?;
        Ok(&self.ids)
    }

    /// The symbols of a word: characters that are new stand for themselves.
    fn word(&mut self, word: &str, new: &HashMap<char, u32>, out: &mut Vec<u32>) -> std::result::Result<(), String> {
        let mut from = 0;
        for (at, c) in word.char_indices() {
            let Some(id) = new.get(&c) else { continue };
            if from < at {
                out.extend_from_slice(self.cut(&word[from..at])?);
            }
            out.push(*id);
            from = at + c.len_utf8();
        }
        if from < word.len() {
            out.extend_from_slice(self.cut(&word[from..])?);
        }
        Ok(())
    }
}

/// Learns new pieces of words.
///
/// # Errors
/// A size that is no larger than the base's; a word that cannot be cut.
pub fn extend(
    base: &Base,
    words: &Words,
    options: &Options,
    stop: &dyn Fn() -> bool,
) -> std::result::Result<Extended, String> {
    let mut pieces = Pieces::of(base);
    let Some(room) = options.size.checked_sub(pieces.first).filter(|room| *room > 0) else {
        return Err(format!("{} ids are no more than the {} that the tokenizer has", options.size, pieces.first));
    };
    let new = if base.of_bytes { HashMap::new() } else { pieces.characters(words, room as usize)? };
    let characters = pieces.added();
    let mut cutter =
        Cutter { base, whole: base.splits(), before: Vec::new(), scratch: Scratch::default(), ids: Vec::new() };
    cutter.encode("\n")?;
    cutter.before = cutter.ids.clone();
    let (mut corpus, mut symbols) = (Corpus::default(), Vec::new());
    for (word, times) in words {
        symbols.clear();
        cutter.word(word, &new, &mut symbols)?;
        corpus.push(symbols.iter().copied(), *times);
    }
    let mut merges = Vec::new();
    let mut join = |left: u32, right: u32| {
        if pieces.added() >= room as usize {
            return Join::Full;
        }
        let Some((left, right)) = pieces.part(left).zip(pieces.part(right)) else { return Join::Never };
        let (pair, piece) = ((left.to_owned(), right.to_owned()), format!("{left}{right}"));
        let id = match pieces.ids.get(&piece) {
            // It would make old text otherwise.
            Some(id) if *id < pieces.first => return Join::Never,
            Some(id) => *id,
            None if fresh::long(&piece, base.of_bytes) > options.longest => return Join::Never,
            None => pieces.push(piece),
        };
        merges.push(pair);
        Join::Piece(id)
    };
    learn(corpus, options.least, &mut join, stop);
    let made = Made { specials: 0, characters, pieces: pieces.added() - characters };
    let own: Vec<String> = pieces.pieces[pieces.first as usize..].iter().flatten().cloned().collect();
    if let Some((model, bytes)) = &base.model {
        let mut model = model.clone();
        model.extend(&own);
        let file = model.appended(bytes, pieces.first as usize);
        return Ok(Extended { json: model.json(), model: Some(file), made });
    }
    Ok(Extended { json: written(base, &own, merges)?, model: None, made })
}

/// The base's `tokenizer.json` with new pieces and merges.
fn written(base: &Base, own: &[String], merges: Vec<(String, String)>) -> std::result::Result<Json, String> {
    let mut json = base.json.clone();
    let first = base.tokenizer.vocabulary();
    let model = &mut json["model"];
    if let Some(vocabulary) = model["vocab"].as_object_mut() {
        // An added token keeps its id where the vocabulary has it: the library counts on from the vocabulary otherwise.
        for token in base.tokenizer.added() {
            let id = base.tokenizer.id(token).unwrap_or_default();
            vocabulary.entry(token).or_insert_with(|| id.into());
        }
        vocabulary.extend(own.iter().zip(first..).map(|(piece, id)| (piece.clone(), id.into())));
    }
    let as_text = model["merges"][0].is_string();
    if as_text && merges.iter().any(|(left, right)| left.contains(' ') || right.contains(' ')) {
        return Err("its merges are written with a space between, and new pieces have spaces".into());
    }
    let merge =
        |(left, right): (String, String)| if as_text { json!(format!("{left} {right}")) } else { json!([left, right]) };
    if let Some(all) = model["merges"].as_array_mut() {
        all.extend(merges.into_iter().map(merge));
    }
    Ok(json)
}

/// What texts are to two tokenizers, of which the second extends the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Texts.
    pub texts: u64,
    /// Of these, those in which no new piece stands: all of them are cut as before.
    pub as_before: u64,
    /// Tokens by the first.
    pub before: u64,
    /// Tokens by the second.
    pub after: u64,
}

/// Cuts texts by lines with both, and holds them against each other.
///
/// # Errors
/// A line without a new piece that is not cut as before; a text that cannot be cut.
pub fn check(base: &Tokenizer, extended: &Tokenizer, texts: &[Box<str>]) -> std::result::Result<Checked, String> {
    let (mut scratch, mut other, mut checked) = (Scratch::default(), Scratch::default(), Checked::default());
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for line in texts.iter().flat_map(|text| text.split_inclusive('\n')) {
        old.clear();
        new.clear();
        base.encode(line, &mut scratch, &mut old)?;
        extended.encode(line, &mut other, &mut new)?;
        checked.texts += 1;
        checked.before += old.len() as u64;
        checked.after += new.len() as u64;
        if new.iter().all(|id| *id < base.vocabulary()) {
            checked.as_before += 1;
            if old != new {
                return Err(format!("a text without a new piece is not cut as before: {line:?}"));
            }
        }
    }
    Ok(checked)
}
