//! An answer on its way out: ranges, and everything that is to go wrong.

use std::io::{Error, ErrorKind, Result, Write};
use std::net::{Shutdown, TcpStream};
use std::ops::Range;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::http::{Busy, Shared};
use super::{Answer, Content, Fault, Request};

/// Bytes in one write.
const BLOCK: u64 = 64 << 10;
/// No fault lasts longer than this; a client that is still there after it hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// What goes out after the head.
struct Body {
    content: Content,
    range: Range<u64>,
    length: Option<u64>,
    chunked: bool,
    flip: Option<u64>,
    /// The connection ends after so many bytes.
    cut: Option<u64>,
    /// Silence after so many bytes.
    stall: Option<u64>,
    drip: Option<Duration>,
}

/// Sends an answer; an error ends the connection, whether it was planned or not. `told` hears the status and how many
/// bytes of the body went out.
pub(super) fn send(
    shared: &Shared,
    stream: &mut TcpStream,
    request: &Request,
    answer: Answer,
    fault: Option<&Fault>,
    busy: Busy<'_>,
    log: &dyn Fn(u16, u64),
) -> Result<()> {
    let mut answer = spoil_answer(request, answer, fault);
    if answer.status == 0 {
        return hang_up(stream);
    }
    match fault {
        Some(Fault::Hangup) => return hang_up(stream),
        Some(Fault::Garbage) => {
            stream.write_all(b"\x00\x01\x02 this is not HTTP\r\n\r\n")?;
            return hang_up(stream);
        }
        Some(Fault::FloodHead) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
            return repeat(
                shared,
                stream,
                b"X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
            );
        }
        Some(Fault::Interim) => return repeat(shared, stream, b"HTTP/1.1 100 Continue\r\n\r\n"),
        _ => {}
    }
    let whole = answer.content.len();
    let mut range = 0..whole;
    if answer.status == 200 && answer.ranges && !matches!(fault, Some(Fault::Whole)) {
        answer.headers.push(("Accept-Ranges".into(), "bytes".into()));
        match asked_range(request, &answer) {
            Some(Some(asked)) => {
                range = asked;
                answer.status = 206;
                label(&mut answer, &mut range, fault, whole);
            }
            Some(None) => {
                answer = Answer::status(416).with("Content-Range", format!("bytes */{whole}"));
                range = 0..answer.content.len();
            }
            None => {}
        }
        if let (Some(Fault::Unasked(most)), 200) = (fault, answer.status) {
            answer.status = 206;
            range.end = whole.min(*most);
            answer.headers.push(("Content-Range".into(), format!("bytes 0-{}/{whole}", range.end - 1)));
        }
    }
    if matches!(fault, Some(Fault::Unlabelled)) {
        answer.headers.retain(|(name, _)| name != "Content-Range");
    }
    let mut body = Body {
        length: Some(range.end - range.start),
        content: answer.content.clone(),
        range,
        chunked: false,
        flip: None,
        cut: None,
        stall: None,
        drip: None,
    };
    match fault {
        Some(Fault::Cut(after) | Fault::Replace(after, _)) => body.cut = Some(*after),
        Some(Fault::Length(off)) => body.length = body.length.map(|n| n.saturating_add_signed(*off)),
        Some(Fault::Closing(after)) => (body.length, body.cut) = (None, Some(*after)),
        Some(Fault::Flip(at)) => body.flip = Some(*at),
        Some(Fault::Drip(every)) => body.drip = Some(*every),
        Some(Fault::Stall(after)) => body.stall = Some(*after),
        Some(Fault::Chunked) => body.chunked = true,
        Some(Fault::ChunkedCut(after)) => (body.chunked, body.cut) = (true, Some(*after)),
        _ => {}
    }
    if let Some(Fault::Replace(_, other)) = fault {
        shared.replaced.lock().unwrap().push((request.path(), other.clone()));
    }
    let head_only = request.method == "HEAD" || matches!(answer.status, 204 | 304);
    write_head(stream, &answer, &body, if let Some(Fault::DripHead(every)) = fault { Some(*every) } else { None })?;
    log(answer.status, 0);
    if head_only {
        return Ok(());
    }
    body.send(shared, stream, answer.status, busy, log)
}

/// Faults that put another answer in the place of the right one, or wrap it.
fn spoil_answer(request: &Request, answer: Answer, fault: Option<&Fault>) -> Answer {
    let gzipped =
        |content: Content, answer: Answer| Answer { content, ranges: false, ..answer }.with("Content-Encoding", "gzip");
    match fault {
        Some(Fault::Status(status, headers)) => {
            headers.iter().fold(Answer::status(*status), |answer, (name, value)| answer.with(name, value.clone()))
        }
        Some(Fault::Empty) => Answer { content: Content::new(""), ranges: false, ..answer },
        Some(Fault::Html) => {
            Answer::html("<!DOCTYPE html><html><body>Please log in to the hotel network.</body></html>")
        }
        Some(Fault::Redirect(to)) => Answer::redirect(302, to),
        Some(Fault::Loop) => Answer::redirect(302, &request.target),
        Some(Fault::Chase) => {
            let joint = if request.target.contains('?') { '&' } else { '?' };
            Answer::redirect(302, &format!("{}{joint}again=1", request.target))
        }
        Some(Fault::Gzip) if answer.status == 200 => gzipped(Content::new(gzip(&answer.content.to_vec())), answer),
        Some(Fault::GzipCut(share)) if answer.status == 200 => {
            let mut packed = gzip(&answer.content.to_vec());
            packed.truncate((packed.len() as f64 * share) as usize);
            gzipped(Content::new(packed), answer)
        }
        Some(Fault::GzipBomb(size)) => {
            // Members of 16 MiB of zeros each; what reads gzip reads them all.
            let member = gzip(&vec![0; 16 << 20]);
            gzipped(Content::new(member.repeat(size.div_ceil(16 << 20) as usize)), answer)
        }
        _ => answer,
    }
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The range asked for: `None` where the whole is to be sent, `Some(None)` where it lies outside.
fn asked_range(request: &Request, answer: &Answer) -> Option<Option<Range<u64>>> {
    let spec = request.header("range")?.strip_prefix("bytes=")?;
    if let Some(condition) = request.header("if-range") {
        let holds = [answer.header("ETag"), answer.header("Last-Modified")].contains(&Some(condition));
        if !holds || condition.starts_with("W/") {
            return None;
        }
    }
    let whole = answer.content.len();
    let (from, to) = spec.split_once('-')?;
    if spec.contains(',') {
        return None;
    }
    let range = match (from.parse::<u64>(), to.parse::<u64>()) {
        (Ok(from), Ok(to)) if from <= to => from..(to + 1).min(whole),
        (Ok(from), Err(_)) if to.is_empty() => from..whole,
        (Err(_), Ok(last)) if from.is_empty() => whole.saturating_sub(last)..whole,
        _ => return None,
    };
    Some((range.start < whole).then_some(range))
}

/// Says which range it is, or does not tell the truth about it.
fn label(answer: &mut Answer, range: &mut Range<u64>, fault: Option<&Fault>, whole: u64) {
    let shifted = |by: u64| {
        let start = (range.start + by).min(whole.saturating_sub(1));
        start..(range.end + by).min(whole)
    };
    let (stated, sent) = match fault {
        Some(Fault::ShiftedRange(by)) => (shifted(*by), shifted(*by)),
        // The same number of bytes from elsewhere; from the front where the end is too near.
        Some(Fault::LyingRange(by)) if range.end + by <= whole => (range.clone(), shifted(*by)),
        Some(Fault::LyingRange(_)) => (range.clone(), 0..range.end - range.start),
        Some(Fault::ShortRange(most)) => {
            let short = range.start..range.end.min(range.start + most);
            (short.clone(), short)
        }
        _ => (range.clone(), range.clone()),
    };
    answer.headers.push(("Content-Range".into(), format!("bytes {}-{}/{whole}", stated.start, stated.end - 1)));
    *range = sent;
}

fn write_head(stream: &mut TcpStream, answer: &Answer, body: &Body, drip: Option<Duration>) -> Result<()> {
    let mut head = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status));
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match body.length {
        _ if body.chunked => head.push_str("Transfer-Encoding: chunked\r\n"),
        Some(length) => head.push_str(&format!("Content-Length: {length}\r\n")),
        None => head.push_str("Connection: close\r\n"),
    }
    head.push_str("\r\n");
    let Some(every) = drip else { return stream.write_all(head.as_bytes()) };
    for byte in head.as_bytes() {
        stream.write_all(&[*byte])?;
        std::thread::sleep(every);
    }
    Ok(())
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        206 => "Partial Content",
        302 => "Found",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

impl Body {
    fn send(
        &self,
        shared: &Shared,
        stream: &mut TcpStream,
        status: u16,
        busy: Busy<'_>,
        log: &dyn Fn(u16, u64),
    ) -> Result<()> {
        let mut busy = Some(busy);
        let began = Instant::now();
        let (mut at, mut sent) = (self.range.start, 0);
        // A length that is told too short ends the body there, as it does for the client.
        let end = self.length.map_or(self.range.end, |length| self.range.end.min(self.range.start + length));
        while at < end {
            if shared.stopped() || began.elapsed() > PATIENCE {
                return hang_up(stream);
            }
            let mut most = if self.drip.is_some() { 1 } else { BLOCK };
            for edge in [self.cut, self.stall].into_iter().flatten() {
                if sent == edge {
                    return if self.cut == Some(edge) { hang_up(stream) } else { keep_silent(shared, stream) };
                }
                most = most.min(edge - sent);
            }
            let slice = self.content.slice(at, most.min(end - at));
            shared.wait_turn(slice.len());
            if at + slice.len() as u64 == end {
                // The client has all with this block, and may ask again before this thread hears of it.
                drop(busy.take());
            }
            match self.flip {
                Some(flip) if (at..at + slice.len() as u64).contains(&flip) => {
                    let mut slice = slice.to_vec();
                    slice[(flip - at) as usize] ^= 0x20;
                    self.block(stream, &slice)?;
                }
                _ => self.block(stream, slice)?,
            }
            (at, sent) = (at + slice.len() as u64, sent + slice.len() as u64);
            log(status, sent);
            if let Some(every) = self.drip {
                std::thread::sleep(every);
            }
        }
        if self.chunked {
            stream.write_all(b"0\r\n\r\n")?;
        }
        match self.length {
            Some(length) if length == sent => Ok(()),
            Some(_) if self.chunked => Ok(()),
            _ => hang_up(stream),
        }
    }

    fn block(&self, stream: &mut TcpStream, slice: &[u8]) -> Result<()> {
        if self.chunked {
            stream.write_all(format!("{:x}\r\n", slice.len()).as_bytes())?;
        }
        stream.write_all(slice)?;
        if self.chunked {
            stream.write_all(b"\r\n")?;
        }
        Ok(())
    }
}

/// The same bytes again and again.
fn repeat(shared: &Shared, stream: &mut TcpStream, bytes: &[u8]) -> Result<()> {
    let began = Instant::now();
    while !shared.stopped() && began.elapsed() < PATIENCE {
        stream.write_all(&bytes.repeat(50))?;
        std::thread::sleep(Duration::from_millis(5));
    }
    hang_up(stream)
}

fn hang_up(stream: &TcpStream) -> Result<()> {
    let _ = stream.shutdown(Shutdown::Both);
    Err(Error::from(ErrorKind::ConnectionAborted))
}

/// Open and silent, until the client goes, the server stops or patience ends.
fn keep_silent(shared: &Shared, stream: &mut TcpStream) -> Result<()> {
    let began = Instant::now();
    let mut probe = [0];
    while !shared.stopped() && began.elapsed() < PATIENCE {
        match stream.peek(&mut probe) {
            Ok(0) => break,
            Err(e) if !matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    }
    hang_up(stream)
}
