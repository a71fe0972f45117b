//! `corpus view`: what the page asks its server for, and what the server refuses.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::SystemTime;

use serde_json::{Value as Json, json};

use crate::harness::{Scratch, files_under};
use crate::schemas::held;

const RECIPE: &str = "name = 'seen'
[[source]]
name = 'pages'
path = ['pages.jsonl']
[[source]]
name = 'talk'
path = ['talk.jsonl']
use = 'instruct'
[input]
max_unreadable = 0.5
[[stage]]
run = 'keep'
name = 'length'
only = { use = ['pretrain'] }
chars = { min = 10 }
[[stage]]
run = 'exact_dedup'
[output]
signals = ['chars']
";

/// A build of 120 pages of 8 to 127 characters, a copy, a telephone number, a dialogue, and a line that is no JSON.
fn built() -> Scratch {
    let scratch = Scratch::new();
    let mut pages: Vec<Json> = (0..120).map(|n| json!({"id": format!("p{n}"), "text": "河".repeat(8 + n)})).collect();
    pages.push(json!({"id": "copy", "text": "河".repeat(60)}));
    pages.push(json!({"id": "telephone", "text": "请打电话13812345678给我，谢谢您了。"}));
    let lines = |rows: &[Json]| rows.iter().map(|row| format!("{row}\n")).collect::<String>();
    scratch.write("pages.jsonl", lines(&pages) + "no json\n");
    let turns = json!([{"role": "user", "content": "几点了？"}, {"role": "assistant", "content": "九点整。"}]);
    scratch.write("talk.jsonl", lines(&[json!({"id": "t1", "messages": turns})]));
    scratch.write("recipe.toml", RECIPE);
    scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "out"]).says(0, &[]);
    scratch
}

/// A viewer at work; it ends with the test.
struct Viewer {
    child: Child,
    /// `127.0.0.1:PORT`.
    host: String,
    /// `/TOKEN/`.
    root: String,
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Viewer {
    fn of(scratch: &Scratch, arguments: &[&str]) -> Viewer {
        let mut command = scratch.command(&[&["view", "out", "--format", "json"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said = held(&line, "view", "view");
        let address = said["url"].as_str().unwrap().strip_prefix("http://").unwrap();
        let (host, root) = address.split_once('/').unwrap();
        Viewer { child, host: host.to_owned(), root: format!("/{root}") }
    }

    /// Status, head and body of an answer.
    fn sent(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        stream.write_all(format!("{method} {target} HTTP/1.1\r\n{headers}\r\n").as_bytes()).unwrap();
        let mut back = String::new();
        stream.read_to_string(&mut back).unwrap();
        let (head, body) = back.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_owned(), body.to_owned())
    }

    fn get(&self, path: &str) -> (u16, Json) {
        let (status, _, body) = self.sent("GET", &format!("{}{path}", self.root), &[("Host", &self.host)]);
        (status, serde_json::from_str(&body).unwrap_or_else(|e| panic!("{path}: {e}: {body}")))
    }

    fn found(&self, path: &str) -> Json {
        let (status, json) = self.get(path);
        assert_eq!(status, 200, "{path}: {json}");
        json
    }
}

fn ids(answer: &Json) -> Vec<&str> {
    answer["rows"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect()
}

#[test]
fn rows_are_paged_filtered_and_searched() {
    let scratch = built();
    let viewer = Viewer::of(&scratch, &[]);
    let head = viewer.found("api/head");
    assert_eq!((&head["build"], &head["totals"]["read"], &head["masked"]), (&json!("out"), &json!(124), &json!(true)));

    let first = viewer.found("api/rows?use=pretrain&size=50");
    assert_eq!((&first["total"], ids(&first).len(), ids(&first)[0]), (&json!(119), 50, "p2"));
    let last = viewer.found("api/rows?use=pretrain&size=50&from=100");
    assert_eq!((ids(&last).len(), *ids(&last).last().unwrap()), (19, "telephone"));
    assert_eq!(viewer.found("api/rows?from=5000")["rows"], json!([]));

    let range = viewer.found("api/rows?signal=chars&min=100&max=101.5");
    assert_eq!((&range["total"], ids(&range)), (&json!(2), vec!["p92", "p93"]));
    assert_eq!(range["rows"][0]["signals"]["chars"], 100);
    assert_eq!(ids(&viewer.found("api/rows?source=talk")), ["t1"]);
    let dropped = viewer.found("api/rows?kind=dropped&stage=length&reason=chars_min");
    assert_eq!((ids(&dropped), &dropped["rows"][0]["value"]), (vec!["p0", "p1"], &json!("8")));
    let unreadable = viewer.found("api/rows?kind=unreadable");
    assert_eq!((&unreadable["total"], ids(&unreadable)), (&json!(1), vec!["pages.jsonl:123"]));
    for wrong in
        ["api/rows?kind=x", "api/rows?signal=chars&min=x", "api/life", "api/limit?stage=length", "api/life?id=no"]
    {
        let (status, json) = viewer.get(wrong);
        assert!(status == 400 && json["error"].is_string(), "{wrong}: {status} {json}");
    }

    // What is searched is the text as it is; what is shown of it is masked.
    let found = viewer.found("api/rows?grep=%E7%94%B5%E8%AF%9D138");
    assert_eq!((ids(&found), &found["next"], &found["looked"]), (vec!["telephone"], &Json::Null, &json!(120)));
    assert!(found.to_string().contains("[MOBILE]") && !found.to_string().contains("13812345678"), "{found}");
    let some = viewer.found("api/rows?grep=%E6%B2%B3&size=7");
    let (table, place) = (&some["next"]["table"], &some["next"]["place"]);
    let next = viewer.found(&format!("api/rows?grep=%E6%B2%B3&size=7&table={table}&place={place}"));
    assert_eq!((ids(&some)[6], ids(&next)[0]), ("p8", "p9"));
    assert!(!viewer.found("api/life?id=telephone").to_string().contains("13812345678"));
    let open = Viewer::of(&scratch, &["--show-personal-data"]);
    assert!(open.found("api/life?id=telephone").to_string().contains("13812345678"));
}

/// A condition as it stands in an address.
fn by(condition: &str) -> String {
    format!("api/rows?where={}", condition.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>())
}

#[test]
fn rows_are_asked_for_by_a_condition_in_sql() {
    let scratch = built();
    let viewer = Viewer::of(&scratch, &[]);
    let found = viewer.found(&by("chars >= 100 and chars < 102 or text like '%13812345678%' -- both"));
    assert_eq!(
        (ids(&found), &found["total"], &found["listed"]),
        (vec!["p92", "p93", "telephone"], &json!(3), &json!(3))
    );
    assert!(!found.to_string().contains("13812345678"), "what is shown is masked: {found}");
    let page = viewer.found(&(by("text like '%河%'") + "&size=5&from=10"));
    assert_eq!((ids(&page), &page["total"]), (vec!["p12", "p13", "p14", "p15", "p16"], &json!(118)));
    // Columns of one use, other tables, and nothing.
    assert_eq!(ids(&viewer.found(&by("messages[1]['role'] = 'user'"))), ["t1"]);
    let stands = "id in (select kept_id from dropped where reason = 'exact_duplicate')";
    assert_eq!(ids(&viewer.found(&by(stands))), ["p52"]);
    assert_eq!(ids(&viewer.found(&(by("value = '8'") + "&kind=dropped"))), ["p0"]);
    assert_eq!(ids(&viewer.found(&(by("line > 1") + "&kind=unreadable"))), ["pages.jsonl:123"]);
    assert_eq!(viewer.found(&by("false"))["rows"], json!([]));

    let state =
        || files_under(&scratch.path("")).into_iter().map(|f| (f.metadata().unwrap().len(), f)).collect::<Vec<_>>();
    let before = state();
    for (condition, said) in [
        ("charz > 1", "there is no column `charz`"),
        ("chars >", "the condition ends too early"),
        ("1 = 1; drop table data", "the query"),
        ("1 = 1) union select 1 where (1 = 1", "more than one SELECT is not part of a condition"),
        ("1 = 1) order by (1", "ORDER BY is not part of a condition"),
        ("1 = 1) limit (1", "LIMIT is not part of a condition"),
        ("1 = 1) group by (chars", "GROUP BY is not part of a condition"),
        ("1 = 1) or (1 = 1", "more than one condition is not part of a condition"),
        ("exists (select * from '/etc/passwd')", "there is no table"),
        ("exists (select * from read_csv('pages.jsonl'))", "there is no table"),
        ("id = (insert into data values (1))", "the query"),
        ("1 / (chars - chars) > 0", "division by zero"),
    ] {
        let (status, json) = viewer.get(&by(condition));
        assert_eq!(status, 400, "{condition}: {json}");
        assert!(json["error"].as_str().unwrap().contains(said), "{condition}: {json}");
    }
    let (status, json) = viewer.get(&(by("chars > 1") + "&source=pages"));
    assert!(status == 400 && json["error"].as_str().unwrap().contains("stands alone"), "{json}");
    assert_eq!(state(), before, "nothing is written");
}

#[test]
fn a_row_has_a_life_and_a_limit_is_judged_again() {
    let scratch = built();
    let viewer = Viewer::of(&scratch, &[]);
    let life = viewer.found("api/life?id=copy");
    assert_eq!(
        (&life["outcome"], &life["kept"]["id"], &life["traced"]),
        (&json!("dropped"), &json!("p52"), &json!(true))
    );
    assert_eq!(life["stages"][1]["rules"][0]["value"], 60);
    assert_eq!(viewer.found("api/life?id=pages.jsonl:123")["outcome"], "unreadable");

    let limits = viewer.found("api/limits");
    let limit = &limits["stages"][0]["limits"][0];
    assert_eq!((&limit["key"], &limits["stages"][0]["drops"]), (&json!("chars.min"), &json!(2)));
    assert!(limit["neighbours"].as_array().unwrap().len() > 100, "{limit}");
    // What it would drop at another value is what a build with that value drops.
    for value in [9, 10, 50, 128, 1_000] {
        let again = viewer.found(&format!("api/limit?stage=length&key=chars.min&value={value}"));
        let looked = &again["stages"][0]["limits"][0];
        let there = looked["neighbours"].as_array().unwrap().iter().find(|n| n["limit"] == json!(f64::from(value)));
        let set = format!("length.chars.min={value}");
        scratch.corpus(&["build", "--recipe", "recipe.toml", "--out", "trial", "--set", &set]).says(0, &[]);
        let trial: Json = serde_json::from_slice(&std::fs::read(scratch.path("trial/build.json")).unwrap()).unwrap();
        let stage = trial["stages"].as_array().unwrap().iter().find(|s| s["name"] == "length").unwrap();
        let dropped = stage["rows_in"].as_u64().unwrap() - stage["rows_out"].as_u64().unwrap();
        assert_eq!(there.unwrap()["drops"], dropped, "{value}");
        if value == 50 {
            assert_eq!((&looked["failing"][0]["id"], &looked["holding"][0]["id"]), (&json!("p41"), &json!("p42")));
        }
    }
    let figures = viewer.found("api/figures");
    assert_eq!(figures["duplicates"]["sizes"], json!([[2, 2, 1, 2]]));
    assert!(figures["signals"].as_array().is_some_and(|s| !s.is_empty()));
}

#[test]
fn other_sites_other_names_and_other_programs_are_refused() {
    let scratch = built();
    let state = || -> BTreeMap<_, (u64, SystemTime)> {
        let files = files_under(&scratch.path("out")).into_iter();
        files.map(|f| (f.clone(), f.metadata().map(|m| (m.len(), m.modified().unwrap())).unwrap())).collect()
    };
    let before = state();
    let viewer = Viewer::of(&scratch, &[]);
    let (host, page, api) = (viewer.host.as_str(), viewer.root.clone(), format!("{}api/head", viewer.root));
    let port = host.split_once(':').unwrap().1;
    let (status, head, body) = viewer.sent("GET", &page, &[("Host", host)]);
    assert!(status == 200 && body.contains("connect-src 'self'") && !body.contains("unsafe-inline"));
    for header in
        ["nosniff", "no-store", "no-referrer", "frame-ancestors 'none'", "Cross-Origin-Resource-Policy: same-origin"]
    {
        assert!(head.contains(header), "{header}: {head}");
    }
    assert!(!head.to_lowercase().contains("access-control"), "{head}");
    let local = format!("localhost:{port}");
    assert_eq!(viewer.sent("GET", &api, &[("Host", &local), ("Sec-Fetch-Site", "same-origin")]).0, 200);

    // A name of the attacker's own that leads to 127.0.0.1 (DNS rebinding): the browser sends that name.
    let rebound = format!("evil.example:{port}");
    for name in [rebound.as_str(), "evil.example", "127.0.0.1", "", "127.0.0.1:1", "[::1]:80"] {
        assert_eq!(viewer.sent("GET", &api, &[("Host", name)]).0, 403, "{name}");
    }
    assert_eq!(viewer.sent("GET", &api, &[]).0, 403);
    // A page of another site: its browser says so.
    for header in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
    ] {
        let (status, _, body) = viewer.sent("GET", &api, &[("Host", host), header]);
        assert!(status == 403 && !body.contains("totals"), "{header:?}: {status} {body}");
    }
    // Who does not know the token.
    for target in ["/", "/api/head", "/0123456789abcdef0123456789abcdef/api/head", &api[..20], "/../../etc/passwd"] {
        assert_eq!(viewer.sent("GET", target, &[("Host", host)]).0, 404, "{target}");
    }
    // No way to write.
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT"] {
        assert_eq!(viewer.sent(method, &api, &[("Host", host)]).0, 405, "{method}");
    }
    viewer.found("api/figures");
    viewer.found("api/limits");
    assert_eq!(state(), before, "nothing is written");
}

#[test]
fn what_cannot_be_viewed_is_said() {
    let scratch = built();
    scratch.corpus(&["view", "nowhere"]).says(1, &["no build.json"]);
    scratch.corpus(&["view"]).says(1, &["there is no build under builds"]);
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    scratch.corpus(&["view", "out", "--port", &port]).says(1, &["cannot be used", "--port"]);
    std::fs::rename(scratch.path("out/.work"), scratch.path("elsewhere")).unwrap();
    let viewer = Viewer::of(&scratch, &[]);
    let (status, json) = viewer.get("api/limits");
    assert!(status == 400 && json["hint"].as_str().is_some_and(|hint| hint.contains("--work")), "{json}");
    let viewer = Viewer::of(&scratch, &["--work", "elsewhere"]);
    assert_eq!(viewer.found("api/limits")["stages"][0]["name"], "length");
}
