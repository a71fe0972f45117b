//! Text in which special tokens are tokens: what a chat template wrote around the words of a dialogue.
//!
//! Added tokens are looked for as the library does it, the text between two of them is cut by itself, which gives the ids
//! of the whole text, and what is marked as words is cut like any other text. Where a part begins or ends within a text,
//! the tokens on either side are told apart by their widths: all together they are as wide as the normalised text.

use std::ops::Range;

use serde_json::Value as Json;
use tokenizers::pipeline::{
    EncodeOptions, Override, PipelineNormalizer, PipelinePatternMatcher, PipelineToken, PipelineTokenizer,
    normalize_all,
};

use super::super::pieces::named_byte;
use super::super::{Cut, Scratch, Turns};
use super::Engine;

/// What is known of a tokenizer's tokens beside their ids.
pub(super) struct Tokens {
    /// Bytes of the normalised text that each stands for; 0 where that is not known.
    widths: Vec<u16>,
    /// Ids of special tokens, in order.
    special: Vec<u32>,
    /// Whether the beginning of a text is normalised like no other place in it.
    opens: bool,
    /// Special tokens as tokens.
    options: EncodeOptions,
}

impl Tokens {
    /// Of a file without its vocabulary, and the widths of the vocabulary's pieces.
    pub(super) fn of(json: &Json, pieces: &[(u32, usize)], vocabulary: u32) -> Self {
        let mut widths = vec![0; vocabulary as usize];
        let mut set = |id: u64, width: usize| {
            if let Some(place) = widths.get_mut(id as usize) {
                *place = u16::try_from(width).unwrap_or(0);
            }
        };
        pieces.iter().for_each(|(id, width)| set(u64::from(*id), *width));
        let mut special = Vec::new();
        for token in json["added_tokens"].as_array().into_iter().flatten() {
            let (Some(id), Some(content)) = (token["id"].as_u64(), token["content"].as_str()) else { continue };
            set(id, content.len());
            if token["special"].as_bool() == Some(true) {
                special.extend(u32::try_from(id));
            }
        }
        special.sort_unstable();
        let options = EncodeOptions {
            add_special_tokens: false,
            encode_special_tokens: false,
            padding: Override::Off,
            truncation: Override::Off,
        };
        Tokens { widths, special, opens: false, options }
    }

    /// Learns from the tokenizer itself whether the beginning of a text is a place of its own.
    pub(super) fn with(mut self, cutter: &PipelineTokenizer) -> Self {
        let at = |offset| normalize_all(cutter.get_normalizers(), "a", offset).map(|text| text.into_owned()).ok();
        self.opens = at(0) != at(1);
        self
    }
}

/// Bytes of the normalised text that a piece of a vocabulary stands for; `of_bytes` where every character of it is one.
pub(super) fn width(piece: &str, of_bytes: bool) -> usize {
    match of_bytes {
        true => piece.chars().count(),
        false if named_byte(piece).is_some() => 1,
        false => piece.len(),
    }
}

/// A text that is being cut.
struct Work<'a> {
    engine: &'a Engine,
    turns: &'a Turns<'a>,
    scratch: &'a mut Scratch,
    out: &'a mut Cut,
}

impl Engine {
    /// Appends the ids of a text, and which are learnt.
    pub(in super::super) fn turns(
        &self,
        turns: &Turns<'_>,
        scratch: &mut Scratch,
        out: &mut Cut,
    ) -> Result<(), String> {
        let from = out.ids.len();
        let (bytes, added) = (turns.text.as_bytes(), self.cutter.get_added_vocabulary());
        let mut work = Work { engine: self, turns, scratch, out: &mut *out };
        let (mut at, mut search) = (0, 0);
        while let Some(((start, end), id)) = added.extract_next(bytes, search, false, false) {
            if let Some(word) = turns.words.iter().find(|word| word.start < end && start < word.end) {
                search = word.end.max(start + 1);
                continue;
            }
            work.text(at..start)?;
            work.out.ids.push(id);
            work.out.learnt.push(work.turns.learnt.iter().any(|part| part.start < end && start < part.end));
            (at, search) = (end, end);
        }
        work.text(at..turns.text.len())?;
        // Cut by itself, a part may differ where the beginning of a text is a place of its own.
        if self.tokens.opens && turns.words.is_empty() {
            let whole = work.cut(turns.text, false)?;
            if whole != out.ids[from..] {
                return Err("the tokenizer cuts the whole otherwise than its parts".to_owned());
            }
        }
        Ok(())
    }
}

impl Work<'_> {
    /// Cuts a text between two added tokens.
    fn text(&mut self, range: Range<usize>) -> Result<(), String> {
        if range.is_empty() {
            return Ok(());
        }
        let text = &self.turns.text[range.clone()];
        let words = self.turns.words.iter().any(|word| word.start < range.end && range.start < word.end);
        let ids = self.piece(text, range.start, words)?;
        let special = &self.engine.tokens.special;
        if let Some(id) = ids.iter().find(|id| words && special.binary_search(id).is_ok()) {
            return Err(format!("the tokenizer makes the special token {id} out of words"));
        }
        let clip = |part: &Range<usize>| part.start.max(range.start)..part.end.min(range.end);
        let parts: Vec<Range<usize>> = self.turns.learnt.iter().map(clip).filter(|part| !part.is_empty()).collect();
        if parts.is_empty() || parts == [range.clone()] {
            self.out.learnt.extend(std::iter::repeat_n(!parts.is_empty(), ids.len()));
        } else {
            self.flags(text, &ids, &parts, range.start)?;
        }
        self.out.ids.extend(ids);
        Ok(())
    }

    /// Which tokens of a text overlap with parts of it.
    fn flags(&mut self, text: &str, ids: &[u32], parts: &[Range<usize>], offset: usize) -> Result<(), String> {
        let normalizers: &[PipelineNormalizer] = self.engine.cutter.get_normalizers();
        // How wide the text is up to a place.
        let wide = |to: usize| {
            normalize_all(normalizers, &text[..to - offset], offset).map(|t| t.len()).map_err(|e| e.to_string())
        };
        let mut places = Vec::with_capacity(parts.len());
        for part in parts {
            places.push(wide(part.start)?..wide(part.end)?);
        }
        let mut at = 0;
        for id in ids {
            let width = self.engine.tokens.widths.get(*id as usize).copied().unwrap_or(0);
            let end = at + usize::from(width);
            self.out.learnt.push(places.iter().any(|part| part.start < end && at < part.end));
            at = end;
        }
        if at != wide(offset + text.len())? {
            return Err("the tokens do not add up to the text, so what is learnt of it cannot be told".to_owned());
        }
        Ok(())
    }

    /// The ids of a text that begins at an offset.
    fn piece(&mut self, text: &str, offset: usize, words: bool) -> Result<Vec<u32>, String> {
        if !self.engine.tokens.opens || offset == 0 {
            return self.cut(text, words);
        }
        // Behind a line end, whose ids go again, it does not stand at the beginning.
        let (lead, all) = (self.cut("\n", words)?, self.cut(&format!("\n{text}"), words)?);
        match all.strip_prefix(lead.as_slice()) {
            Some(ids) => Ok(ids.to_vec()),
            None => self.cut(text, words),
        }
    }

    fn cut(&mut self, text: &str, words: bool) -> Result<Vec<u32>, String> {
        let options = if words { &self.engine.options } else { &self.engine.tokens.options };
        self.scratch.0.clear();
        self.engine.cutter.encode_into(text, options, &mut self.scratch.0).map_err(|e| e.to_string())?;
        Ok(PipelineToken::cast_slice(&self.scratch.0).to_vec())
    }
}
