//! The elements of a JSON array (or objects one after the other), found without parsing them.

use std::io::{self, Read};

use super::holder::{holder, holds};
use super::scan::{Scan, scan};
use crate::input::Window;
use crate::text::splits;

/// How an element ends.
#[derive(Debug)]
pub enum End {
    /// At its closing bracket.
    Whole,
    /// It is larger than allowed; only its head was kept.
    TooLarge,
    /// A line break stands within a text: a quote is missing. Reading goes on at the next line that begins an element.
    Broken,
    /// The file ends within it, or before the array is closed.
    Cut,
    /// The stream broke within it.
    Failed(io::Error),
    /// It stands behind the object that holds the rows, and is not read.
    Behind,
}

/// An element. Its bytes (its head, unless it is whole) are [`Elements::bytes`].
#[derive(Debug)]
pub struct Element {
    /// Offset of its first byte.
    pub offset: u64,
    /// Line breaks before it since the start.
    pub line: u64,
    /// Its bytes.
    pub length: u64,
    /// How it ends.
    pub end: End,
}

/// What the elements stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// In an array.
    Array,
    /// In the first array that a field of the only object holds.
    Held,
    /// In a further one.
    Further,
    /// In nothing: one after the other.
    Bare,
}

/// Bytes by which the frame is detected.
const HEAD: usize = 256 << 10;
/// A byte order mark.
const MARK: &[u8] = "\u{feff}".as_bytes();
/// Bytes kept of an element that is not read.
const KEPT: usize = 800;

/// Reads elements one by one, none larger than allowed held in memory.
pub struct Elements {
    window: Window,
    max: usize,
    frame: Frame,
    line: u64,
    /// Bytes at the front of the window that are the last element.
    used: usize,
    head: Vec<u8>,
    whole: bool,
    /// Blanks before this place in its line, if there is nothing else.
    indent: Option<usize>,
    stack: Vec<u8>,
    over: bool,
    /// The split that the key of the array names.
    split: Option<&'static str>,
    /// Whether an array of the object is the split `train`, as far as it was seen.
    train: bool,
    /// Whether the object was seen to its end.
    ended: bool,
}

impl Elements {
    /// Elements of a stream from its beginning, whose first byte has `offset`.
    pub fn new(stream: Box<dyn Read + Send>, offset: u64, max: usize) -> Self {
        let mut elements = Elements::within(stream, offset, max, Frame::Bare, b"");
        elements.enter(false);
        elements
    }

    /// Elements of what may be only the beginning of a file, for detection.
    pub fn of_head(stream: Box<dyn Read + Send>, max: usize) -> Self {
        let mut elements = Elements::within(stream, 0, max, Frame::Bare, b"");
        elements.enter(true);
        elements
    }

    /// Elements of a stream that begins at an element, given the bytes right before it.
    pub fn within(stream: Box<dyn Read + Send>, offset: u64, max: usize, frame: Frame, before: &[u8]) -> Self {
        let blanks = before.iter().rev().take_while(|b| b.is_ascii_whitespace() && **b != b'\n').count();
        let indent = before[..before.len() - blanks].ends_with(b"\n").then_some(blanks);
        Elements {
            window: Window::new(stream, offset),
            max,
            frame,
            line: 0,
            used: 0,
            head: Vec::new(),
            whole: false,
            indent,
            stack: Vec::new(),
            over: false,
            split: None,
            train: false,
            ended: false,
        }
    }

    /// The same array as that of others.
    pub fn of(self, others: &Elements) -> Self {
        Elements { split: others.split, train: others.train, ended: others.ended, ..self }
    }

    /// The split that the array of the last element is, where the object that holds it has several.
    pub fn split(&self) -> Option<&'static str> {
        self.split
    }

    /// Whether one of the splits is `train`; `None` where none was so far, and what was not seen yet may be one.
    pub fn has_train(&self) -> Option<bool> {
        (self.train || self.ended).then_some(self.train)
    }

    /// What the elements stand in.
    pub fn frame(&self) -> Frame {
        self.frame
    }

    /// The bytes of the last element.
    pub fn bytes(&self) -> &[u8] {
        if self.whole { &self.window.bytes()[..self.used] } else { &self.head }
    }

    /// Gives back the memory of the last element, if it was long; its bytes are gone then.
    pub fn release(&mut self) {
        let used = std::mem::take(&mut self.used);
        self.step(used);
        self.whole = false;
        self.window.release();
    }

    fn step(&mut self, bytes: usize) {
        self.line += memchr::memchr_iter(b'\n', &self.window.bytes()[..bytes]).count() as u64;
        self.window.consume(bytes);
    }

    /// The first byte that is not blank, not used up.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let bytes = self.window.bytes();
            let blanks = bytes.iter().take_while(|b| b.is_ascii_whitespace()).count();
            let next = bytes.get(blanks).copied();
            match memchr::memrchr(b'\n', &bytes[..blanks]) {
                Some(at) => self.indent = Some(blanks - at - 1),
                None => self.indent = self.indent.map(|indent| indent + blanks),
            }
            self.step(blanks);
            if self.window.bytes().starts_with(MARK) {
                // Files with a byte order mark, joined.
                self.step(MARK.len());
            } else if next.is_some() || !self.window.more() {
                return next;
            }
        }
    }

    /// Tells the frame from the first bytes and goes to the first element.
    fn enter(&mut self, head: bool) {
        self.indent = Some(0);
        match self.peek() {
            Some(b'[') => {
                self.step(1);
                self.indent = None;
                self.frame = Frame::Array;
            }
            Some(b'{') => {
                while self.window.bytes().len() < HEAD && self.window.more() {}
                let holder = holder(self.window.bytes(), self.window.over() && !head);
                if let Some(first) = holder.lists.first() {
                    self.split = first.split;
                    self.train = holder.lists.iter().any(|l| l.split == Some("train"));
                    self.ended = holder.whole;
                    self.step(first.at);
                    self.indent = None;
                    self.frame = Frame::Held;
                }
            }
            _ => {}
        }
    }

    /// The next element.
    pub fn next_element(&mut self) -> Option<Element> {
        let used = std::mem::take(&mut self.used);
        self.step(used);
        self.whole = false;
        while !self.over {
            let next = self.peek();
            match (self.frame, next) {
                (_, None) => {
                    self.over = true;
                    let (offset, line) = (self.window.offset(), self.line);
                    self.head.clear();
                    let end = match self.window.error() {
                        Some(error) => End::Failed(error),
                        None if self.frame == Frame::Bare => return None,
                        None => End::Cut,
                    };
                    return Some(Element { offset, line, length: 0, end });
                }
                (_, Some(b',')) => {
                    self.step(1);
                    self.indent = None;
                }
                (Frame::Array, Some(b']')) => {
                    // Another array may follow.
                    self.step(1);
                    self.frame = Frame::Bare;
                }
                (Frame::Bare, Some(b'[')) => {
                    self.step(1);
                    self.frame = Frame::Array;
                    self.indent = None;
                }
                (Frame::Held | Frame::Further, Some(b']')) => {
                    self.step(1);
                    match self.further() {
                        Ok(true) => self.frame = Frame::Further,
                        Ok(false) => return self.behind(),
                        Err(broken) => {
                            (self.over, self.frame) = (true, Frame::Bare);
                            return Some(broken);
                        }
                    }
                }
                _ => return Some(self.element()),
            }
        }
        None
    }

    /// Goes to the next array of rows among the fields of the object that holds the last one; false where there is none.
    /// The error is a field that breaks off.
    fn further(&mut self) -> Result<bool, Element> {
        loop {
            match self.peek() {
                Some(b',' | b':') => self.step(1),
                Some(b'"') => {
                    let key = self.passed()?;
                    if self.peek() != Some(b':') {
                        continue;
                    }
                    self.step(1);
                    if self.peek() == Some(b'[') && holds(&key) {
                        while self.window.bytes().len() < KEPT && self.window.more() {}
                        let blanks = self.window.bytes()[1..].iter().take_while(|b| b.is_ascii_whitespace()).count();
                        if self.window.bytes().get(1 + blanks) == Some(&b'{') {
                            self.step(1 + blanks);
                            self.indent = None;
                            self.split = splits::word(&key);
                            self.train |= self.split == Some("train");
                            return Ok(true);
                        }
                    }
                }
                Some(b'}' | b']') => {
                    self.step(1);
                    self.ended = true;
                    return Ok(false);
                }
                None => return Ok(false),
                Some(_) => drop(self.passed()?),
            }
        }
    }

    /// Passes a key or value of the object that holds the rows; gives a key that is short enough to be one we know.
    fn passed(&mut self) -> Result<String, Element> {
        let element = self.element();
        let key = match element.end {
            End::Whole => String::from_utf8_lossy(self.bytes()).trim_matches('"').to_owned(),
            End::TooLarge => String::new(),
            _ => return Err(element),
        };
        let used = std::mem::take(&mut self.used);
        self.step(used);
        self.whole = false;
        Ok(key)
    }

    /// What is behind the object that holds the rows: nothing, or a record that says so.
    fn behind(&mut self) -> Option<Element> {
        let next = self.peek();
        let (offset, line, error) = (self.window.offset(), self.line, self.window.error());
        (self.over, self.frame) = (true, Frame::Bare);
        self.head.clear();
        self.keep(self.window.bytes().len());
        let end = match (error, next) {
            (Some(error), _) => End::Failed(error),
            (None, Some(_)) => End::Behind,
            (None, None) if self.ended => return None,
            (None, None) => End::Cut,
        };
        Some(Element { offset, line, length: 0, end })
    }

    fn element(&mut self) -> Element {
        let (offset, line, indent) = (self.window.offset(), self.line, self.indent.take());
        self.stack.clear();
        self.head.clear();
        let (mut at, mut text, mut escaped, mut dropped) = (0, false, false, 0u64);
        loop {
            let bytes = self.window.bytes();
            match scan(&bytes[at..], &mut text, &mut escaped, &mut self.stack, dropped == 0 && at == 0) {
                Scan::Done(count) => {
                    at += count;
                    let length = dropped + at as u64;
                    if length > self.max as u64 {
                        self.keep(at);
                        self.step(at);
                        return Element { offset, line, length, end: End::TooLarge };
                    }
                    (self.used, self.whole) = (at, true);
                    return Element { offset, line, length, end: End::Whole };
                }
                Scan::Broken(count) => {
                    at += count;
                    self.keep(at);
                    self.step(at);
                    self.resume(indent);
                    let length = self.window.offset() - offset;
                    return Element { offset, line, length, end: End::Broken };
                }
                Scan::More => {
                    at = bytes.len();
                    if at > self.max {
                        self.keep(at);
                        self.step(at);
                        dropped += at as u64;
                        at = 0;
                    }
                    if self.window.more() {
                        continue;
                    }
                    self.over = true;
                    self.keep(at);
                    self.step(at);
                    let error = self.window.error();
                    let length = dropped + at as u64;
                    let scalar = self.stack.is_empty() && !text && self.frame == Frame::Bare;
                    let end = match error {
                        Some(error) => End::Failed(error),
                        None if scalar => End::Broken,
                        None => End::Cut,
                    };
                    return Element { offset, line, length, end };
                }
            }
        }
    }

    /// Keeps the head of an element that is used up to `at`.
    fn keep(&mut self, at: usize) {
        let room = at.min(KEPT.saturating_sub(self.head.len()));
        self.head.extend_from_slice(&self.window.bytes()[..room]);
    }

    /// After a broken element: to the next line that begins an element, or the end of the array.
    fn resume(&mut self, indent: Option<usize>) {
        self.indent = None;
        loop {
            let bytes = self.window.bytes();
            let Some(at) = memchr::memchr(b'\n', bytes) else {
                self.step(bytes.len());
                if self.window.more() {
                    continue;
                }
                return;
            };
            self.step(at + 1);
            self.indent = Some(0);
            let next = self.peek();
            let here = self.indent.unwrap_or(0);
            match next {
                None => return,
                Some(b'{') if indent.is_none_or(|indent| here <= indent) => return,
                Some(b']') if indent.is_some_and(|indent| here < indent) || here == 0 => return,
                Some(_) => {}
            }
        }
    }
}
