//! A server for one reader on a loopback port: HTTP/1.1, requests without bodies, one to a connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Bytes of a request's head.
const HEAD: u64 = 16 << 10;
/// Connections at a time.
const CONNECTIONS: usize = 32;
/// How long a connection may say nothing.
const SILENCE: Duration = Duration::from_secs(5);

/// What is asked for.
#[derive(Debug)]
pub struct Request {
    /// `GET`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Names in lower case, with their values.
    pub headers: Vec<(String, String)>,
}

impl Request {
    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|header| header.0 == name).map(|header| header.1.as_str()).collect()
    }

    /// Reads the head of a request; none where it is no HTTP, too long, or breaks off.
    fn read(stream: &TcpStream) -> Option<Request> {
        let mut lines = BufReader::new(stream.take(HEAD));
        let mut line = || {
            let mut bytes = Vec::new();
            lines.read_until(b'\n', &mut bytes).ok()?;
            let text = String::from_utf8(bytes).ok()?;
            text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text).to_owned())
        };
        let first = line()?;
        let mut words = first.split(' ');
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        if words.next().is_some() || !version.starts_with("HTTP/1.") {
            return None;
        }
        let mut headers = Vec::new();
        loop {
            let header = line()?;
            if header.is_empty() {
                return Some(Request { method: method.to_owned(), target: target.to_owned(), headers });
            }
            let (name, value) = header.split_once(':')?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
}

/// What is answered.
pub struct Response {
    /// 200, 404.
    pub status: u16,
    /// `text/html`.
    pub kind: &'static str,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer in JSON.
    pub fn json(status: u16, body: &serde_json::Value) -> Response {
        let kind = "application/json; charset=utf-8";
        Response { status, kind, headers: Vec::new(), body: body.to_string().into_bytes() }
    }

    fn write(&self, stream: &mut TcpStream, with_body: bool) -> std::io::Result<()> {
        let words = match self.status {
            200 => "OK",
            400 => "Bad Request",
            403 => "Forbidden",
            404 => "Not Found",
            405 => "Method Not Allowed",
            _ => "Internal Server Error",
        };
        // Nothing is remembered, guessed at, framed, shown to other origins, or told to them.
        let mut head = format!(
            "HTTP/1.1 {} {words}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\nCache-Control: no-store\r\n\
             X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n\
             Cross-Origin-Resource-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n",
            self.status,
            self.kind,
            self.body.len()
        );
        self.headers.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        if with_body {
            stream.write_all(&self.body)?;
        }
        stream.flush()
    }
}

/// Answers for as long as the program runs, some connections side by side.
pub fn serve(listener: &TcpListener, answer: impl Fn(&Request) -> Response + Sync) {
    let open = AtomicUsize::new(0);
    let connection = |mut stream: TcpStream| {
        let waits = stream.set_read_timeout(Some(SILENCE)).and_then(|()| stream.set_write_timeout(Some(SILENCE)));
        // A reader that goes away is no error.
        if waits.is_ok()
            && let Some(request) = Request::read(&stream)
        {
            let _ = answer(&request).write(&mut stream, request.method != "HEAD");
        }
        open.fetch_sub(1, Ordering::AcqRel);
    };
    std::thread::scope(|scope| {
        for stream in listener.incoming().flatten() {
            // What is more than a browser opens is closed at once.
            if open.fetch_add(1, Ordering::AcqRel) >= CONNECTIONS {
                open.fetch_sub(1, Ordering::AcqRel);
                continue;
            }
            scope.spawn(|| connection(stream));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes back for some bytes.
    fn answered(sent: &[u8]) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.write_all(sent).unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        if let Some(request) = Request::read(&stream) {
            let said = serde_json::json!([request.method, request.target, request.headers]);
            Response::json(200, &said).write(&mut stream, request.method != "HEAD").unwrap();
        }
        drop(stream);
        let mut back = String::new();
        let _ = client.read_to_string(&mut back);
        back
    }

    #[test]
    fn requests_are_read_and_answered() {
        let back = answered(b"GET /a?b=c HTTP/1.1\r\nHost: x:1\r\nX-Y:  z \r\n\r\n");
        assert!(back.starts_with("HTTP/1.1 200 OK\r\n") && back.contains("Connection: close\r\n"), "{back}");
        assert!(back.ends_with(r#"["GET","/a?b=c",[["host","x:1"],["x-y","z"]]]"#), "{back}");
        assert!(answered(b"HEAD / HTTP/1.1\r\n\r\n").ends_with("\r\n\r\n"));
    }

    #[test]
    fn what_is_no_request_is_not_answered() {
        let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(20 << 10));
        for sent in [
            "",
            "GET /",
            "GET /\r\n\r\n",
            "GET / HTTP/2\r\n\r\n",
            "GET / x HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nno colon\r\n\r\n",
            &long,
        ] {
            assert_eq!(answered(sent.as_bytes()), "", "{sent:.40}");
        }
    }
}
