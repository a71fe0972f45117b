//! A web server on sockets and threads: what it sends is what a test says, to the byte.

use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::fault::Rule;
use super::send;
use super::{Content, Fault};

/// A request as it came in. Header names are lower case.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The path as sent, without the query.
    pub fn raw_path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Segments of the path, each decoded.
    pub fn segments(&self) -> Vec<String> {
        self.raw_path().trim_start_matches('/').split('/').map(decode).collect()
    }

    pub fn path(&self) -> String {
        decode(self.raw_path())
    }

    pub fn query(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?')?.1;
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.into_iter().find(|(key, _)| decode(key) == name).map(|(_, value)| decode(&value.replace('+', " ")))
    }

    /// Value of `Authorization: Bearer …`.
    pub fn bearer(&self) -> Option<&str> {
        self.header("authorization")?.strip_prefix("Bearer ")
    }
}

pub fn decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// An answer before anything went wrong with it.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub content: Content,
    /// Whether parts of it can be asked for.
    pub ranges: bool,
}

impl Answer {
    pub fn status(status: u16) -> Answer {
        Answer { status, headers: Vec::new(), content: Content::new(format!("status {status}\n")), ranges: false }
    }

    pub fn json(value: &serde_json::Value) -> Answer {
        Answer::of(Content::new(value.to_string()), "application/json; charset=utf-8")
    }

    pub fn html(text: impl Into<String>) -> Answer {
        Answer::of(Content::new(text.into()), "text/html; charset=utf-8")
    }

    pub fn of(content: Content, kind: &str) -> Answer {
        Answer { status: 200, headers: vec![("Content-Type".into(), kind.into())], content, ranges: false }
    }

    /// A file whose parts can be asked for.
    pub fn file(content: Content) -> Answer {
        Answer { ranges: true, ..Answer::of(content, "application/octet-stream") }
    }

    pub fn redirect(status: u16, to: &str) -> Answer {
        Answer::status(status).with("Location", to)
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Answer {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// One line of a server's log.
#[derive(Clone, Debug)]
pub struct Seen {
    pub request: Request,
    pub status: u16,
    /// Bytes of the body that went out.
    pub sent: u64,
    pub at: Instant,
}

type Route = dyn Fn(&Request) -> Answer + Send + Sync;

pub(super) struct Shared {
    route: Box<Route>,
    pub rules: Mutex<Vec<Rule>>,
    /// Files that a fault has put in another's place, by path.
    pub replaced: Mutex<Vec<(String, Content)>>,
    pub log: Mutex<Vec<Seen>>,
    stop: AtomicBool,
    active: AtomicUsize,
    peak: AtomicUsize,
    /// Requests at once; more are told to wait (503).
    limit: AtomicUsize,
    /// Bytes a second over all connections (0: as fast as it goes), and the time at which the next may go.
    pace: AtomicUsize,
    due: Mutex<Instant>,
}

/// A server on a port of its own, until it is dropped.
pub struct Server {
    address: SocketAddr,
    /// The name by which clients are to call it.
    host: &'static str,
    shared: Arc<Shared>,
}

impl Server {
    /// A server called by its address.
    pub fn start(route: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Server {
        Server::named("127.0.0.1", route)
    }

    /// A server called by a name of this machine: `localhost` is another host than `127.0.0.1` to a client.
    pub fn named(host: &'static str, route: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            route: Box::new(route),
            rules: Mutex::default(),
            replaced: Mutex::default(),
            log: Mutex::default(),
            stop: AtomicBool::new(false),
            active: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            limit: AtomicUsize::new(usize::MAX),
            pace: AtomicUsize::new(0),
            due: Mutex::new(Instant::now()),
        });
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if of_thread.stop.load(Ordering::SeqCst) {
                    break;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&of_thread)) else { continue };
                std::thread::spawn(move || converse(&shared, stream));
            }
        });
        Server { address, host, shared }
    }

    /// `http://HOST:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.authority())
    }

    /// `HOST:PORT`.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.host, self.address.port())
    }

    pub fn host(&self) -> &'static str {
        self.host
    }

    /// Spoils the next answer to a path; several wait for their turn.
    pub fn once(&self, path: &str, fault: Fault) {
        self.rule(path, fault, Some(1), 0);
    }

    /// Spoils every answer to a path.
    pub fn always(&self, path: &str, fault: Fault) {
        self.rule(path, fault, None, 0);
    }

    /// Spoils `times` answers to a path, after `skip` that are right.
    pub fn times(&self, path: &str, fault: Fault, times: usize, skip: usize) {
        self.rule(path, fault, Some(times), skip);
    }

    fn rule(&self, path: &str, fault: Fault, left: Option<usize>, skip: usize) {
        self.shared.rules.lock().unwrap().push(Rule { path: path.into(), fault, left, skip });
    }

    /// All is well again.
    pub fn clear(&self) {
        self.shared.rules.lock().unwrap().clear();
    }

    /// At most so many bytes a second over all connections.
    pub fn pace(&self, bytes: usize) {
        self.shared.pace.store(bytes, Ordering::SeqCst);
    }

    /// More requests than this at once are answered with 503.
    pub fn limit(&self, requests: usize) {
        self.shared.limit.store(requests, Ordering::SeqCst);
    }

    /// The most requests that were in work at once.
    pub fn peak(&self) -> usize {
        self.shared.peak.load(Ordering::SeqCst)
    }

    pub fn log(&self) -> Vec<Seen> {
        self.shared.log.lock().unwrap().clone()
    }

    pub fn forget(&self) {
        self.shared.log.lock().unwrap().clear();
        self.shared.peak.store(0, Ordering::SeqCst);
    }

    /// Requests whose path starts so.
    pub fn asked(&self, path: &str) -> usize {
        self.log().iter().filter(|seen| seen.request.raw_path().starts_with(path)).count()
    }

    /// Bytes of bodies that went out.
    pub fn sent(&self) -> u64 {
        self.log().iter().map(|seen| seen.sent).sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    pub fn stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst)
    }

    /// The fault that spoils this request, taken from the queue.
    fn fault(&self, request: &Request) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap();
        let (head, range) = (request.method == "HEAD", request.header("range").is_some());
        let path = request.path();
        let index = rules.iter_mut().position(|rule| {
            let fits = rule.matches(&path) && (range || !rule.fault.needs_range());
            // A queue waits for the request proper; only what never ends spoils a question before it.
            let fits = fits && (!head || (rule.fault.spoils_head() && rule.left.is_none()));
            if fits && rule.skip > 0 && !head {
                rule.skip -= 1;
                return false;
            }
            fits
        })?;
        let fault = rules[index].fault.clone();
        if let Some(left) = &mut rules[index].left {
            *left -= 1;
            if *left == 0 {
                rules.remove(index);
            }
        }
        Some(fault)
    }

    /// Waits until so many bytes may go out.
    pub fn wait_turn(&self, bytes: usize) {
        let pace = self.pace.load(Ordering::SeqCst);
        if pace == 0 {
            return;
        }
        let until = {
            let mut due = self.due.lock().unwrap();
            *due = (*due).max(Instant::now()) + Duration::from_secs_f64(bytes as f64 / pace as f64);
            *due
        };
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
    }
}

/// A request in work, until this is dropped.
pub(super) struct Busy<'a>(&'a Shared);

impl<'a> Busy<'a> {
    fn new(shared: &'a Shared) -> (Busy<'a>, usize) {
        let active = shared.active.fetch_add(1, Ordering::SeqCst) + 1;
        shared.peak.fetch_max(active, Ordering::SeqCst);
        (Busy(shared), active)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::SeqCst);
    }
}

/// One connection: requests one after another until either side has enough.
fn converse(shared: &Shared, mut stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
    let _ = stream.set_write_timeout(Some(Duration::from_secs(30)));
    let mut buffer = Vec::new();
    while let Some(request) = read_request(shared, &mut stream, &mut buffer) {
        let (busy, active) = Busy::new(shared);
        let at = Instant::now();
        let (answer, fault) = if active > shared.limit.load(Ordering::SeqCst) {
            (Answer::status(503), None)
        } else {
            let mut answer = (shared.route)(&request);
            let path = request.path();
            if let Some((_, other)) = shared.replaced.lock().unwrap().iter().rev().find(|(of, _)| *of == path) {
                answer.content = other.clone();
                let tag = format!("\"{}\"", &other.sha256()[..32]);
                answer.headers.iter_mut().filter(|(n, _)| n == "ETag").for_each(|(_, value)| value.clone_from(&tag));
            }
            (answer, shared.fault(&request))
        };
        // Logged before it is sent, so that a test which saw the answer finds it in the log.
        let line = {
            let mut log = shared.log.lock().unwrap();
            log.push(Seen { request: request.clone(), status: answer.status, sent: 0, at });
            log.len() - 1
        };
        let outcome = send::send(shared, &mut stream, &request, answer, fault.as_ref(), busy, &|status, sent| {
            if let Some(seen) = shared.log.lock().unwrap().get_mut(line) {
                (seen.status, seen.sent) = (status, sent);
            }
        });
        if outcome.is_err() || request.header("connection") == Some("close") {
            break;
        }
    }
}

/// Reads a request; `None` when the connection or the server has ended.
fn read_request(shared: &Shared, stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Request> {
    let head_end = loop {
        if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        if buffer.len() > 64 << 10 {
            return None;
        }
        fill(shared, stream, buffer)?;
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let mut request = Request { method, target, headers, body: Vec::new() };
    let length = request.header("content-length").and_then(|v| v.parse().ok()).unwrap_or(0);
    while buffer.len() < head_end + 4 + length {
        fill(shared, stream, buffer)?;
    }
    request.body = buffer[head_end + 4..head_end + 4 + length].to_vec();
    buffer.drain(..head_end + 4 + length);
    Some(request)
}

fn fill(shared: &Shared, stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut block = [0; 8192];
    loop {
        if shared.stopped() {
            return None;
        }
        match stream.read(&mut block) {
            Ok(0) => return None,
            Ok(read) => {
                buffer.extend_from_slice(&block[..read]);
                return Some(());
            }
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
            Err(_) => return None,
        }
    }
}
