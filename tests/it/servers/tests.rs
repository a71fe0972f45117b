//! The servers do what they promise: each fault, seen by a client that is nothing but a socket.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::hub::{Access, Hub, TOKEN};
use super::plain::Plain;
use super::{Content, Fault, Server};
use crate::harness::{contains, same_bytes};

/// Sends a request that ends the connection's use, and reads until the server is done: head and body.
fn ask(server: &Server, method: &str, target: &str, headers: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(server.authority()).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(600))).unwrap();
    write!(stream, "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n", server.authority())
        .unwrap();
    let (mut bytes, mut block) = (Vec::new(), [0; 8192]);
    while let Ok(read) = stream.read(&mut block) {
        if read == 0 {
            break;
        }
        bytes.extend_from_slice(&block[..read]);
    }
    let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    (String::from_utf8_lossy(&bytes[..end]).into_owned(), bytes[end..].to_vec())
}

#[test]
fn ranges_and_conditions() {
    let plain = Plain::start();
    let content = Content::noise(1, 100_000);
    plain.put("/a b.bin", content.clone());
    let all = content.to_vec();
    let get = |headers: &str| ask(&plain.server, "GET", "/a%20b.bin", headers);
    let (head, body) = get("");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    contains(&head, &["Content-Length: 100000"], &[]);
    same_bytes(&body, &all, "the whole file");
    let tag = head.lines().find_map(|line| line.strip_prefix("ETag: ")).unwrap().to_owned();
    for (range, want) in
        [("5-9", 5..10), ("99990-", 99_990..100_000), ("-3", 99_997..100_000), ("7-999999", 7..100_000)]
    {
        let (head, body) = get(&format!("Range: bytes={range}\r\n"));
        let content_range = format!("Content-Range: bytes {}-{}/100000", want.start, want.end - 1);
        assert!(head.starts_with("HTTP/1.1 206 ") && head.contains(&content_range), "{head}");
        same_bytes(&body, &all[want], range);
    }
    assert!(get("Range: bytes=100000-\r\n").0.starts_with("HTTP/1.1 416 "));
    assert!(get(&format!("Range: bytes=5-9\r\nIf-Range: {tag}\r\n")).0.starts_with("HTTP/1.1 206 "));
    assert!(get("Range: bytes=5-9\r\nIf-Range: \"other\"\r\n").0.starts_with("HTTP/1.1 200 "));
    let (head, body) = ask(&plain.server, "HEAD", "/a%20b.bin", "");
    assert!(head.contains("Content-Length: 100000") && body.is_empty());
    assert_eq!(plain.server.sent(), 2 * 100_000 + 5 + 10 + 3 + 99_993 + 11 + 5);
}

/// `(fault, headers of the request, start of the answer, what the head says, length of the body)`.
type Row = (Fault, &'static str, &'static str, &'static str, usize);

#[test]
fn faults_strike_once_and_as_said() {
    const RANGE: &str = "Range: bytes=10-99\r\n";
    let other = Content::noise(2, 50);
    let table: Vec<Row> = vec![
        (Fault::Cut(7), "", "HTTP/1.1 200 ", "Content-Length: 1000", 7),
        (Fault::Hangup, "", "", "", 0),
        (Fault::Garbage, "", "\0", "not HTTP", 0),
        (Fault::Whole, RANGE, "HTTP/1.1 200 ", "Content-Length: 1000", 1000),
        (Fault::Length(5), "", "HTTP/1.1 200 ", "Content-Length: 1005", 1000),
        (Fault::Length(-5), "", "HTTP/1.1 200 ", "Content-Length: 995", 995),
        (Fault::busy("7"), "", "HTTP/1.1 429 ", "Retry-After: 7", 11),
        (Fault::Stall(9), "", "HTTP/1.1 200 ", "Content-Length: 1000", 9),
        (Fault::Html, "", "HTTP/1.1 200 ", "text/html", 76),
        (Fault::Redirect("http://x/".into()), "", "HTTP/1.1 302 ", "Location: http://x/", 11),
        (Fault::Loop, "", "HTTP/1.1 302 ", "Location: /f", 11),
        (Fault::Chase, "", "HTTP/1.1 302 ", "Location: /f?again=1", 11),
        (Fault::ShiftedRange(4), RANGE, "HTTP/1.1 206 ", "bytes 14-103/1000", 90),
        (Fault::LyingRange(4), RANGE, "HTTP/1.1 206 ", "bytes 10-99/1000", 90),
        (Fault::ShortRange(3), RANGE, "HTTP/1.1 206 ", "bytes 10-12/1000", 3),
        (Fault::ChunkedCut(9), "", "HTTP/1.1 200 ", "Transfer-Encoding: chunked", 14),
        (Fault::Empty, "", "HTTP/1.1 200 ", "Content-Length: 0", 0),
        (Fault::Unasked(9), "", "HTTP/1.1 206 ", "bytes 0-8/1000", 9),
        (Fault::Unlabelled, RANGE, "HTTP/1.1 206 ", "Content-Length: 90", 90),
        (Fault::Closing(9), "", "HTTP/1.1 200 ", "Connection: close", 9),
        (Fault::Replace(9, other.clone()), "", "HTTP/1.1 200 ", "Content-Length: 1000", 9),
    ];
    for (number, (fault, headers, start, says, length)) in table.into_iter().enumerate() {
        let plain = Plain::start();
        let content = Content::noise(1, 1000);
        plain.put("/f", content.clone());
        plain.server.once("/f", fault.clone());
        let (head, body) = ask(&plain.server, "GET", "/f", headers);
        assert!(head.starts_with(start) && head.contains(says), "{number}: {head:?}");
        assert_eq!(body.len(), length, "{number}: {:?}", String::from_utf8_lossy(&body));
        if matches!(fault, Fault::LyingRange(_)) {
            same_bytes(&body, &content.to_vec()[14..104], "bytes 14 to 104");
        }
        let after = ask(&plain.server, "GET", "/f", "").1;
        assert!(
            after == if matches!(fault, Fault::Replace(..)) { other.to_vec() } else { content.to_vec() },
            "{number}: it strikes twice"
        );
    }
    // Those that change bytes or time.
    let plain = Plain::start();
    let content = Content::noise(1, 1000);
    plain.put("/f", content.clone());
    plain.server.times("/f", Fault::Flip(500), 1, 1);
    assert!(ask(&plain.server, "GET", "/f", "").1 == content.to_vec(), "one is let pass");
    let flipped = ask(&plain.server, "GET", "/f", "").1;
    let wrong: Vec<usize> = (0..1000).filter(|at| flipped[*at] != content.to_vec()[*at]).collect();
    assert_eq!(wrong, [500]);
    plain.server.always("/*", Fault::Drip(Duration::from_millis(50)));
    let began = Instant::now();
    let mut stream = TcpStream::connect(plain.server.authority()).unwrap();
    write!(stream, "GET /f HTTP/1.1\r\n\r\n").unwrap();
    let mut few = [0; 8];
    std::thread::sleep(Duration::from_millis(300));
    assert!(stream.read(&mut few).is_ok() && began.elapsed() < Duration::from_secs(2));
    assert!(plain.server.log().last().unwrap().sent < 20);
    plain.server.clear();
    plain.server.once("/f", Fault::GzipBomb(64 << 20));
    let (head, body) = ask(&plain.server, "GET", "/f", "");
    let unpacked = std::io::copy(&mut flate2::read::MultiGzDecoder::new(&body[..]), &mut std::io::sink()).unwrap();
    contains(&head, &["Content-Encoding: gzip"], &[]);
    assert_eq!(unpacked, 64 << 20);
    assert!(body.len() < 1 << 20, "{} bytes", body.len());
}

#[test]
fn the_cdn_knows_signatures_not_people() {
    let hub = Hub::start();
    let content = Content::noise(3, 5000);
    let commit = hub.commit("a/b", Access::Gated, &[("x.bin", content.clone(), true)]);
    let path = Hub::resolve_path("a/b", "main", "x.bin");
    assert!(ask(&hub.api, "GET", &path, "").0.contains("X-Error-Code: GatedRepo"));
    let token = format!("Authorization: Bearer {TOKEN}\r\n");
    let (head, _) = ask(&hub.api, "HEAD", &path, &token);
    assert!(head.contains(&format!("X-Linked-Etag: \"{}\"", content.sha256())) && head.contains(&commit), "{head}");
    let location = head.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap();
    let target = location.strip_prefix(&hub.cdn.url()).unwrap().to_owned();
    assert!(ask(&hub.cdn, "GET", &target, "").1 == content.to_vec());
    assert!(ask(&hub.cdn, "GET", &target, &token).0.starts_with("HTTP/1.1 400 "));
    hub.expire();
    assert!(ask(&hub.cdn, "GET", &target, "").0.starts_with("HTTP/1.1 403 "));
}

/// The bomb is a whole and correct archive, which a reader of zips takes.
#[test]
fn the_bomb_is_a_zip() {
    let bomb = super::archive::zip_bomb("a.json", (40 << 20) + 5);
    assert!(bomb.len() < 1 << 20);
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bomb.to_vec())).unwrap();
    let mut bytes = Vec::new();
    zip.by_name("a.json").unwrap().read_to_end(&mut bytes).unwrap();
    assert!(bytes.len() == (40 << 20) + 5 && bytes.iter().all(|b| *b == 0));
}
