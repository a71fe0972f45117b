//! What all kernels that clean, measure and read hold: twice as long a text takes twice the time, whatever it is made of.

use std::time::{Duration, Instant};

use super::cleaning_tests::{Clean, kernels};
use super::quality::Meter;
use super::{html, normalize, personal, script, sentences, wikitext, words};

/// Processor time of this thread in seconds, which other work on the machine does not lengthen; where the system does not
/// say it, time on the wall.
fn seconds(start: Instant) -> f64 {
    // The system adds up what a thread has used when it goes to sleep.
    std::thread::sleep(Duration::from_nanos(1));
    let used = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = used.and_then(|line| line.split(' ').next()?.parse::<f64>().ok());
    nanoseconds.map_or(start.elapsed().as_secs_f64(), |n| n / 1e9)
}

/// Kernels that measure and read, beside those that clean.
fn others() -> Vec<(&'static str, Clean)> {
    let measure = |text: &str, words: Option<&[&str]>| format!("{:?}", Meter::default().measure(text, words).0[0]);
    vec![
        ("quality", Box::new(move |text| measure(text, None))),
        ("quality of words", Box::new(move |text| measure(text, Some(&text.split(' ').collect::<Vec<_>>())))),
        ("words", Box::new(|text| words::count(text).to_string())),
        ("normalize", Box::new(|text| normalize::normalize(text).into_owned())),
        ("script", Box::new(|text| format!("{:?}", script::judge(&[text])))),
        ("sentences", Box::new(|text| format!("{:?}", sentences::within(text, &[(0, text.len())])))),
        ("personal, found", Box::new(|text| personal::find(text, personal::Kinds::ALL).len().to_string())),
        ("html page", Box::new(|text| html::is_page(text).to_string())),
        ("wikitext", Box::new(|text| wikitext::plain(text, &wikitext::Options::default()))),
    ]
}

/// Pieces that texts are made of by repeating them: what opens and does not close, what is nearly something, long runs.
const PIECES: &str = "a|1|文|。|！| |\u{3000}|\n|.|-|(|)|[|]|{|}|<|>|\"|'|=|*|_|~|`|#|&|@|:|/|\\|$|“|”|《|（|）|\u{FFFD}|ä¸\u{AD}|é|涓|锟斤拷\
    |{{|}}|[[|]]|](|[a](|![|'''|''|==|**|__|~~|<ref|<ref>|<!--|-->|<script>|<script a=1>|<style b=2>|<div|</p>|<p>|<br>|<a b=\"|&amp;|&lt;|&#60;\
    |&am|&amp;amp;|http://|http://a.b.|www.|www.a |https://a.b/(|://|a@|@a.b|a.a.|a-|a_|1.|1.1.1.1.|1 |13 8|13812345678|1-|eyJ-|eyJ|xoxb-|sk-\
    |-----BEGIN |-----BEGIN PRIVATE KEY-----|AKIA|key=|token: |vx-|微信：|QQ|QQ：|电话|号|路1号|京A|::1|ab:|首页\n|首页|。首页|（首页）|首页 | 首页\
    |Help\n|展开全文|责任编辑：|**首页|一句。|一句话说了又说。|一行话说了又说\n|中 文 |，\n|文\n|清晨的阳光照进了院子里面母亲已经把早饭\n|> |- |1. |#\
    |\t||a|\u{200D}|e\u{301}|\u{1F468}\u{200D}|-{|}-|-{zh:|{||\n||-\n|<ref name=a>|~|</ref>|<math>|__TOC__|[编辑]|[1]|。[1]|```\n|    a\n";

/// Bytes of the longer texts.
const LONG: usize = 8_000;
/// Seconds.
const QUICK: f64 = 0.02;

#[test]
fn no_kernel_grows_faster_than_its_text() {
    let kernels = kernels().into_iter().chain(others());
    let (mut slow, start) = (Vec::new(), Instant::now());
    for (name, kernel) in kernels {
        let time = |text: &str| {
            let from = seconds(start);
            std::hint::black_box(kernel(text));
            seconds(start) - from
        };
        time("热身。");
        for piece in PIECES.split('|').filter(|p| !p.is_empty()) {
            let text = piece.repeat(LONG / piece.len());
            let short = &text[..text.floor_char_boundary(text.len() / 8)];
            let least = |text: &str, n: usize| (0..n).map(|_| time(text)).fold(f64::MAX, f64::min);
            // What takes so little is no worry.
            if least(&text, 1) > QUICK {
                let (once, eight) = (least(short, 3), least(&text, 3));
                if eight > 20.0 * once + QUICK {
                    slow.push(format!("{name} {piece:?}: {once:.4} s and {eight:.4} s for eight times as much"));
                }
            }
        }
    }
    assert!(slow.is_empty(), "{slow:#?}");
}
