//! `{{ }}`, `{{{ }}}`, `[[ ]]` and `-{ }-`: one walk over the text with a stack of the marks that are open. What a mark
//! encloses is already expanded when the mark is closed, and lies at the end of the output, where it is replaced.

use std::cell::Cell;

use super::rules::Rules;
use super::templates::{self, Arg, Args};
use super::unlisted::Use;
use super::variants::Variant;
use super::{CUT, DEPTH, HOLE, Options, RULES, links, markup};

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// A run of so many `{`.
    Brace(usize),
    Link,
    Variant,
}

/// An open mark.
struct Frame {
    kind: Kind,
    /// Where in the output the replacement will begin.
    open: usize,
    /// Where the contents begin.
    start: usize,
    /// Where the contents have a `|` of their own.
    bars: Vec<usize>,
    /// Where they have a `=`, if it is the first after a bar.
    equals: Vec<usize>,
    /// The innermost frames that a closing mark can reach from here, this one included: no mark closes through an open
    /// brace; braces close through everything.
    link: Option<usize>,
    variant: Option<usize>,
    brace: Option<usize>,
    /// The number of unlisted templates that were noted before it.
    uses: usize,
}

struct Expander<'t, 'a> {
    text: &'t str,
    /// Where in the text the next mark is looked for, and from where it is not copied to the output yet.
    at: usize,
    plain: usize,
    out: String,
    stack: Vec<Frame>,
    rules: Rules<'a>,
    announced: usize,
    variant: Variant,
    options: Options<'a>,
    /// Templates that are not on the list, of text that may still be seen; filled only where they are asked for.
    uses: Vec<Use>,
}

/// Bytes that can begin or end something, or part it.
const SPECIAL: [bool; 256] = {
    let mut set = [false; 256];
    let (bytes, mut i) = (b"{}[]|=-", 0);
    while i < bytes.len() {
        set[bytes[i] as usize] = true;
        i += 1;
    }
    set
};

/// The text with all marks replaced, and the conversion rules that it stated.
pub(super) fn expand<'a>(text: &str, options: &Options<'a>, converts: bool) -> (String, Rules<'a>) {
    let bytes = text.as_bytes();
    let mut e = Expander {
        text,
        at: 0,
        plain: 0,
        out: String::with_capacity(text.len()),
        stack: Vec::new(),
        rules: Rules::new(options.groups, converts),
        announced: 0,
        options: *options,
        uses: Vec::new(),
        variant: options.variant.unwrap_or(Variant::Cn),
    };
    // The end of the run of one byte that was met last.
    let mut run = 0;
    while let Some(more) = bytes[e.at..].iter().position(|b| SPECIAL[*b as usize]) {
        e.at += more;
        let byte = bytes[e.at];
        if run <= e.at {
            run = e.at + bytes[e.at..].iter().take_while(|b| **b == byte).count();
        }
        let length = run - e.at;
        if !e.opens(byte, length) && !e.closes(byte, length) {
            e.at += 1;
        }
    }
    e.out.push_str(&text[e.plain..]);
    if let Some(tally) = options.unlisted {
        tally.add(e.uses);
    }
    (e.out, e.rules)
}

impl Expander<'_, '_> {
    /// Copies the text before the mark at hand, and `more` bytes of the mark.
    fn copy(&mut self, more: usize) {
        self.out.push_str(&self.text[self.plain..self.at + more]);
    }

    /// Goes on behind so many bytes, which are not copied.
    fn skip(&mut self, bytes: usize) {
        self.at += bytes;
        self.plain = self.at;
    }

    /// Takes what begins or parts something: a run of one byte at hand.
    fn opens(&mut self, byte: u8, length: usize) -> bool {
        let bytes = self.text.as_bytes();
        match byte {
            b'{' if length >= 2 => {
                self.copy(0);
                self.push(Kind::Brace(length));
                self.skip(length);
            }
            b'-' if bytes.get(self.at + 1) == Some(&b'{') && bytes.get(self.at + 2) != Some(&b'{') => {
                self.copy(0);
                self.push(Kind::Variant);
                self.skip(2);
            }
            b'[' if length >= 2 => {
                // Of an odd run, the first is text.
                self.copy(length % 2);
                for _ in 0..length / 2 {
                    self.push(Kind::Link);
                }
                self.skip(length);
            }
            b'|' => {
                let place = self.out.len() + self.at - self.plain;
                if let Some(top) = self.stack.last_mut() {
                    top.bars.push(place);
                }
                self.at += 1;
            }
            b'=' => {
                let place = self.out.len() + self.at - self.plain;
                if let Some(Frame { kind: Kind::Brace(_), bars, equals, .. }) = self.stack.last_mut()
                    && bars.last() > equals.last()
                {
                    equals.push(place);
                }
                self.at += 1;
            }
            _ => return false,
        }
        true
    }

    /// Takes what ends something, or would.
    fn closes(&mut self, byte: u8, length: usize) -> bool {
        let (text, at) = (self.text, self.at);
        let bytes = text.as_bytes();
        let next = bytes.get(at + 1).copied();
        let (link, variant, brace) = self
            .stack
            .last()
            .map_or((false, false, false), |f| (f.link.is_some(), f.variant.is_some(), f.brace.is_some()));
        match byte {
            b']' if next == Some(b']') && link => {
                self.copy(0);
                if length == 3 && self.single_open() {
                    // `[[File:a.jpg|[http://b c]]]`
                    self.out.push(']');
                    self.at += 1;
                }
                self.close_link();
                self.skip(2);
            }
            b'}' if next == Some(b'-') && variant => {
                self.copy(0);
                self.close_variant();
                self.skip(2);
            }
            // `}}-` inside `-{`: only the last one closes.
            b'}' if next == Some(b'}') && brace && bytes.get(at + length) == Some(&b'-') && variant => {
                self.at += length - 1;
            }
            b'}' if next == Some(b'}') && brace => {
                self.copy(0);
                let used = self.close_brace(length, &text[at..]);
                self.skip(used);
            }
            // Closing marks of nothing.
            b'}' | b']' if length >= 2 => {
                self.copy(0);
                self.hole();
                self.skip(length);
            }
            _ => return false,
        }
        true
    }

    fn hole(&mut self) {
        if !self.out.ends_with(HOLE) {
            self.out.push(HOLE);
        }
    }

    fn push(&mut self, kind: Kind) {
        let open = self.out.len();
        // An unclosed brace or link leaves this and its contents.
        if matches!(kind, Kind::Brace(_)) {
            self.out.push(HOLE);
        }
        let (start, me) = (self.out.len(), self.stack.len());
        let (link, variant, brace) = self.stack.last().map_or((None, None, None), |f| (f.link, f.variant, f.brace));
        let (link, variant, brace) = match kind {
            Kind::Brace(_) => (None, None, Some(me)),
            Kind::Link => (Some(me), variant, brace),
            Kind::Variant => (link, Some(me), brace),
        };
        let uses = self.uses.len();
        self.stack.push(Frame { kind, open, start, bars: Vec::new(), equals: Vec::new(), link, variant, brace, uses });
    }

    /// Takes off the frame at that place; those above it were never closed, and what they enclose is text.
    fn pop(&mut self, at: Option<usize>) -> Option<Frame> {
        self.stack.truncate(at? + 1);
        self.stack.pop()
    }

    /// Tells the text after a mark which rules hold there.
    fn closed(&mut self) {
        if self.stack.is_empty() && self.rules.len() > self.announced {
            self.announced = self.rules.len();
            self.rules.announce();
            self.out.push(RULES);
        }
    }

    fn close_link(&mut self) {
        let at = self.stack.last().and_then(|f| f.link);
        let Some(frame) = self.pop(at) else { return };
        if self.stack.len() >= DEPTH {
            self.out.truncate(frame.open);
            self.hole();
            return;
        }
        let (target, label) = match frame.bars.first() {
            Some(bar) => (&self.out[frame.start..*bar], Some(&self.out[bar + 1..])),
            None => (&self.out[frame.start..], None),
        };
        if target.contains('\n') {
            // No link; its marks go, its contents stay.
            return;
        }
        let shown = links::shown(target, label, &self.options);
        match shown {
            Some(shown) => {
                let shown = shown.to_string();
                self.out.truncate(frame.open);
                self.out.push_str(&shown);
            }
            None => {
                self.out.truncate(frame.open);
                self.uses.truncate(frame.uses);
                self.hole();
            }
        }
        self.closed();
    }

    fn close_variant(&mut self) {
        let at = self.stack.last().and_then(|f| f.variant);
        let Some(frame) = self.pop(at) else { return };
        let shown = if self.stack.len() >= DEPTH {
            None
        } else {
            let (flags, body) = match frame.bars.first() {
                Some(bar) => (Some(&self.out[frame.start..*bar]), &self.out[bar + 1..]),
                None => (None, &self.out[frame.start..]),
            };
            markup::shown(flags, body, self.variant, &mut self.rules)
        };
        self.out.truncate(frame.open);
        match shown {
            Some(shown) => self.out.push_str(&shown),
            None => {
                self.out.push(CUT);
                self.hole();
            }
        }
        self.closed();
    }

    /// Closes the innermost run of braces, or as much of it as `length` closing ones do. Says how many were used.
    fn close_brace(&mut self, length: usize, rest: &str) -> usize {
        let at = self.stack.last().and_then(|f| f.brace);
        let Some(frame) = self.pop(at) else { return length };
        let Kind::Brace(open) = frame.kind else { return length };
        let used = length.min(open).min(3);
        let shown = if self.stack.len() >= DEPTH {
            None
        } else {
            let mut args = args(&self.out, &frame);
            args.title = self.options.title;
            args.before = &self.out[..frame.open];
            args.after = &rest[used.min(rest.len())..];
            if used == 3 {
                // A parameter on a page that is nobody's template: its default.
                frame.bars.first().map(|bar| self.out[bar + 1..].to_string())
            } else {
                let shown = templates::shown(&args, self.variant, &mut self.rules);
                if shown.is_none() {
                    // Nobody sees what it holds.
                    self.uses.truncate(frame.uses);
                }
                if self.options.unlisted.is_some()
                    && let Some(rule) = args.unlisted.get()
                {
                    let (name, contents) = (templates::counted_name(args.name), &self.out[frame.start..]);
                    self.uses.extend(Use::new(name, rule, contents, shown.as_deref()));
                }
                shown
            }
        };
        self.out.truncate(frame.open);
        let left = open - used;
        match left {
            0 => {}
            1 => self.out.push('{'),
            _ => self.push(Kind::Brace(left)),
        }
        match shown {
            Some(shown) => self.out.push_str(&shown),
            None => self.hole(),
        }
        self.closed();
        used
    }

    /// Whether the innermost link has a single `[` in it that is still open.
    fn single_open(&self) -> bool {
        let start = self.stack.last().and_then(|f| f.link).map_or(0, |at| self.stack[at].start);
        let contents = &self.out.as_bytes()[start..];
        memchr::memrchr2(b'[', b']', contents).is_some_and(|at| contents[at] == b'[')
    }
}

/// The name and the arguments in the contents of a frame, which end the output.
fn args<'a>(out: &'a str, frame: &Frame) -> Args<'a> {
    let end = out.len();
    let name = &out[frame.start..frame.bars.first().copied().unwrap_or(end)];
    let mut equals = frame.equals.iter().copied().peekable();
    let mut list = Vec::with_capacity(frame.bars.len());
    for (n, bar) in frame.bars.iter().enumerate() {
        let stop = frame.bars.get(n + 1).copied().unwrap_or(end);
        let sign = equals.next_if(|e| *e < stop);
        list.push(Arg::new(&out[bar + 1..stop], sign.map(|e| e - bar - 1)));
    }
    Args { name, list, title: "", before: "", after: "", unlisted: Cell::new(None) }
}
