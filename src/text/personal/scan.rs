//! The pass over a text: it stops at letters and digits, and asks the rules of what may be there.

use super::kinds::{Kinds, Span};
use super::units::{self, Run};
use super::window::{self, Window};
use super::{address, handles, labels, net, numbers, papers, phones, secrets};

/// The personal data of a text, in order, without overlaps.
pub fn find(text: &str, kinds: Kinds) -> Vec<Span> {
    let mut scan = Scan { text, b: text.as_bytes(), spans: Vec::new(), url: 0, local: 0, dashed: 0, handle: 0 };
    scan.run();
    scan.spans.retain(|span| kinds.has(span.kind));
    scan.spans
}

/// Whether the pass stops at a byte: ASCII letters and digits, and the first byte of full-width ones.
#[inline(always)]
fn stops(byte: u8) -> bool {
    (byte | 0x20).wrapping_sub(b'a') < 26 || byte.wrapping_sub(b'0') < 10 || byte == 0xEF
}

/// The next byte from `i` on at which the pass stops.
#[inline]
fn next_stop(b: &[u8], mut i: usize) -> Option<usize> {
    // Sixteen at once: most of Chinese text has none.
    while let Some(some) = b.get(i..i + 16) {
        if some.iter().fold(false, |any, byte| any | stops(*byte)) {
            break;
        }
        i += 16;
    }
    b[i..].iter().position(|byte| stops(*byte)).map(|step| i + step)
}

struct Scan<'a> {
    text: &'a str,
    b: &'a [u8],
    spans: Vec<Span>,
    /// Behind the address of the web that was met last.
    url: usize,
    /// Behind the characters that may stand before an `@`, where the pass is among such.
    local: usize,
    /// Behind the characters of base64url, where the pass is among such.
    dashed: usize,
    /// Behind the last word for QQ or WeChat in Latin letters.
    handle: usize,
}

impl Scan<'_> {
    fn run(&mut self) {
        let mut i = 0;
        while let Some(next) = next_stop(self.b, i) {
            i = next;
            if self.b[i] == 0xEF {
                let (c, len) = units::at(self.b, i);
                if !c.is_ascii_alphanumeric() {
                    i += len;
                    continue;
                }
            }
            i = self.word(i);
        }
    }

    /// Behind the last span: where the next one may begin.
    fn floor(&self) -> usize {
        self.spans.last().map_or(0, |span| span.end)
    }

    /// Takes a span, and says where the pass goes on.
    fn take(&mut self, span: Span) -> usize {
        self.spans.push(span);
        span.end
    }

    /// Reads the letters and digits that begin at byte `i`; where the pass goes on.
    fn word(&mut self, i: usize) -> usize {
        let plain = self.b[i..].iter().take_while(|c| c.is_ascii_alphabetic()).count();
        let (next, _) = units::at(self.b, i + plain);
        if matches!(self.b[i], b'w' | b'W' | b'v' | b'V' | b'q' | b'Q')
            && plain <= 6
            && handles::is_word(&self.b[i..i + plain])
        {
            self.handle = i + plain;
        }
        // Most words of Latin text end here.
        let plate = plain == 1 && i > 0 && self.b[i - 1] >= 0x80;
        if (1..16).contains(&plain) && matches!(next, b' ' | b',' | b'\n' | 0) && plain != 5 && !plate {
            return self.short(i, i + plain);
        }
        if self.local <= i {
            self.local = net::local_end(self.b, i);
        }
        let end = self.local;
        if let Some(span) = self.email(i, end) {
            return self.take(span);
        }
        if self.b[i].is_ascii_digit() || self.b[i] == 0xEF && units::at(self.b, i).0.is_ascii_digit() {
            return self.digits(i);
        }
        if let Some(span) = self.letters(i, end) {
            return self.take(span);
        }
        let tail = &self.b[i + plain..];
        if tail.starts_with(b"://") || self.b[i..].starts_with(b"www.") {
            if self.url <= i {
                self.url = net::url_end(self.b, i);
            }
            if let Some(span) = secrets::webhook(self.text, i) {
                return self.take(span);
            }
        }
        // A number glued to its word: `tel13…`, `QQ12…`.
        if (1..=9).contains(&plain) && next.is_ascii_digit() && self.glued(i, plain) {
            return i + plain;
        }
        self.past(i)
    }

    /// Behind the letters and digits at byte `i`.
    fn past(&self, mut i: usize) -> usize {
        loop {
            let (c, len) = units::at(self.b, i);
            if !c.is_ascii_alphanumeric() {
                return i;
            }
            i += len;
        }
    }

    /// A short word of Latin letters, with a space or comma behind: no more than a name on WeChat.
    fn short(&mut self, i: usize, end: usize) -> usize {
        if end - i >= 6
            && handles::likely(self.b, i, self.handle)
            && let Some(span) = handles::name(self.text, i)
        {
            return self.take(span);
        }
        let sign = self.b.get(end + 1).is_some_and(|c| matches!(c, b'@' | b'(' | b'[' | b'{' | b'<'));
        if sign
            && self.b[end] == b' '
            && let Some(span) = self.email(i, end)
        {
            return self.take(span);
        }
        end.max(i + 1)
    }

    fn email(&self, i: usize, end: usize) -> Option<Span> {
        let (c, _) = units::at(self.b, end);
        if !matches!(c, b'@' | b'(' | b'[' | b'{' | b'<' | b' ' | b'#') {
            return None;
        }
        let begin = i.max(self.floor());
        // Inside an address of the web, what stands before an `@` is a password or part of the path.
        net::email(self.text, begin, end)
            .filter(|_| i >= self.url || self.b[..i].ends_with(b":") || self.b[..i].ends_with(b"="))
    }

    fn letters(&mut self, i: usize, end: usize) -> Option<Span> {
        let text = self.text;
        if end - i >= 16 || self.assigned(i) || self.b[i..].starts_with(b"SK") || self.b.get(end) == Some(&b'~') {
            let opened = i == 0 || !matches!(self.b[i - 1], b'_' | b'0'..=b'9');
            if self.dashed <= i {
                self.dashed = secrets::dashed_end(self.b, i);
            }
            let token = || secrets::token(text, i, self.dashed).or_else(|| secrets::named(text, i));
            if opened && let Some(span) = token() {
                return Some(span);
            }
        }
        if self.b[i..].starts_with(b"BEGIN")
            && let Some(span) = secrets::pem(text, i)
        {
            return Some(span);
        }
        if i < self.url {
            return self.b[i].is_ascii_hexdigit().then(|| net::ipv6(text, i)).flatten();
        }
        let (before, _) = units::before(self.b, i);
        let plate =
            (before == units::OTHER).then(|| papers::plate(text, i).filter(|s| s.start >= self.floor())).flatten();
        let passport = || papers::passport(text, i);
        let address = || if self.b[i].is_ascii_hexdigit() { net::ipv6(text, i) } else { None };
        let handle = || if handles::likely(self.b, i, self.handle) { handles::name(text, i) } else { None };
        plate.or_else(passport).or_else(address).or_else(handle)
    }

    /// Whether a long value of base64 is given to a name at byte `i`, which may have a `/` early: `AccountKey=aB3/…`.
    fn assigned(&self, i: usize) -> bool {
        let edge = self.b[..i].iter().rev().take(3).find(|c| !matches!(c, b' ' | b'"' | b'\''));
        let value = || {
            self.b[i..].iter().take(20).take_while(|c| c.is_ascii_alphanumeric() || matches!(c, b'/' | b'+')).count()
        };
        matches!(edge, Some(b'=' | b':')) && i >= self.url && value() == 20
    }

    /// Whether the letters at byte `i` are a word that says what the digits behind them are.
    fn glued(&self, i: usize, plain: usize) -> bool {
        let word = self.text[i..i + plain].to_ascii_lowercase();
        ["tel", "phone", "mobile", "mob", "fax", "qq", "q", "wx", "vx", "wechat", "t", "m", "id", "ip", "call", "cell"]
            .contains(&word.as_str())
    }

    /// Reads the run of digits at byte `i`; where the pass goes on.
    fn digits(&mut self, i: usize) -> usize {
        if let Some(span) = self.b[i].is_ascii_hexdigit().then(|| net::ipv6(self.text, i)).flatten() {
            return self.take(span);
        }
        if let Some(span) = secrets::bot(self.text, i) {
            return self.take(span);
        }
        let plain = self.b[i..].iter().take_while(|c| c.is_ascii_digit()).count();
        let bare = self.b.get(i + plain).is_none_or(|c| c.is_ascii() && !c.is_ascii_alphabetic());
        if (1..4).contains(&plain)
            && bare
            && units::separator(self.b, i + plain).is_none()
            && self.b.get(i + plain) != Some(&b' ')
        {
            return self.past(i);
        }
        let run = Run::gather(self.b, i);
        if run.overlong {
            return self.past(run.end);
        }
        let mut first = 0;
        while first < run.groups().len() {
            let found = window::bounded(&run, first).find_map(|last| Some((last, self.number(&run, first, last)?)));
            first = match found {
                Some((last, span)) => {
                    self.spans.push(span);
                    last
                }
                None => first + 1,
            };
            while self.floor() > 0
                && first < run.groups().len()
                && run.start_of(run.groups()[first].from) < self.floor()
            {
                first += 1;
            }
        }
        self.mixed(i, &run)
    }

    /// What begins with digits and is no number alone: a key or token; where the pass goes on behind a run.
    fn mixed(&mut self, i: usize, run: &Run) -> usize {
        let end = self.past(run.end).max(self.floor());
        if self.floor() <= i
            && self.b.get(run.end).is_some_and(u8::is_ascii_alphabetic)
            && end - i >= 20
            && let Some(span) = secrets::named(self.text, i)
        {
            return self.take(span);
        }
        end
    }

    /// The number in groups `first..last` of a run.
    fn number(&self, run: &Run, first: usize, last: usize) -> Option<Span> {
        let window = Window::new(self.text, run, first, last);
        if window.groups.len() == 1
            && window.digits.len() <= 5
            && let Some(span) = address::address(self.text, self.floor(), window.start, window.end)
        {
            return Some(span);
        }
        if !(4..=24).contains(&window.digits.len()) {
            return None;
        }
        if let Some(span) = net::ipv4(&window) {
            return Some(span);
        }
        if window.digits.len() < 5 || !self.free(&window) {
            return None;
        }
        let proven = numbers::id_number(&window);
        let closed = proven.is_some() || labels::closes(self.text, window.end);
        let others = || {
            phones::phone(&window)
                .map(|span| handles::found_by(&window, span))
                .or_else(|| numbers::bank_card(&window))
                .or_else(|| numbers::ssn(&window))
                .or_else(|| {
                    handles::likely(self.b, window.start, self.handle).then(|| handles::number(&window)).flatten()
                })
                .or_else(|| (window.digits.len() == 9).then(|| papers::passport(self.text, window.start)).flatten())
        };
        proven.or_else(|| if closed { others() } else { None }).filter(|span| span.start >= self.floor())
    }

    /// Whether a number may begin where a window does.
    fn free(&self, window: &Window) -> bool {
        if window.start < self.url {
            return net::parameter(self.text, window.start);
        }
        let (_, start) = window.lead();
        labels::opens(self.text, start) || self.after_word(start)
    }

    /// Whether the letters before byte `start` are a word that says what the number is.
    fn after_word(&self, start: usize) -> bool {
        let plain = self.b[..start].iter().rev().take(10).take_while(|c| c.is_ascii_alphabetic()).count();
        let edge = start - plain;
        (1..=9).contains(&plain) && self.glued(edge, plain) && !units::before(self.b, edge).0.is_ascii_alphanumeric()
    }
}
