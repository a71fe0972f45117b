//! Redirects: where they lead, and when they are not followed.

use reqwest::Response;
use reqwest::header::LOCATION;
use url::Url;

use super::endpoints::shown;
use super::problem::{Kind, Problem, at};

/// Whether a redirect leaves the protection that the request had.
pub fn downgrades(from: &Url, to: &Url) -> bool {
    from.scheme() == "https" && to.scheme() == "http"
}

/// The failure of redirects that lead nowhere, named: a circle, or a chain without end.
pub fn astray(hosts: &[String], seen: &[Url], next: &Url) -> Problem {
    let from = seen.iter().position(|url| url == next);
    let round = seen[from.unwrap_or(0)..].iter().chain([next]).map(|url| shown(url.as_str()));
    let mut names: Vec<String> = round.collect();
    if names.len() > 6 {
        names.splice(3..names.len() - 2, ["…".to_owned()]);
    }
    let what = if from.is_some() { "redirects in a circle" } else { "more redirects than anyone needs" };
    Problem::last(Kind::Remote, at(hosts, &format!("{what}: {}", names.join(" -> ")))).cure(
        "the host is at fault, and running this again leads round again: hosts that want a cookie or a login do so. Open \
         the address in a browser and import what it saves with --from, or take a mirror (HF_ENDPOINT, CORPUS_MIRRORS)",
    )
}

/// Where a redirect leads; `Some(None)` where that is no address.
pub fn redirect(response: &Response, url: &Url) -> Option<Option<Url>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let place = response.headers().get(LOCATION).and_then(|v| std::str::from_utf8(v.as_bytes()).ok());
    Some(place.and_then(|p| url.join(p).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protection_is_not_left_in_silence() {
        let url = |text: &str| Url::parse(text).unwrap();
        assert!(downgrades(&url("https://h/a"), &url("http://h/a")));
        for (from, to) in [("http://h/a", "https://h/a"), ("http://h/a", "http://i/a"), ("https://h/a", "https://i/a")]
        {
            assert!(!downgrades(&url(from), &url(to)), "{from} {to}");
        }
    }

    #[test]
    fn a_circle_is_named() {
        let url = |n: usize| Url::parse(&format!("http://h/{n}?token=secret")).unwrap();
        let seen = [url(0), url(1), url(2)];
        let problem = astray(&["h".into()], &seen, &url(1));
        assert_eq!(problem.what, "h: redirects in a circle: http://h/1 -> http://h/2 -> http://h/1");
        let cure = problem.remedy();
        assert!(cure.contains("the host is at fault") && !cure.contains("run the same command"), "{cure}");
        let long: Vec<Url> = (0..11).map(url).collect();
        let problem = astray(&["h".into()], &long, &url(11));
        assert!(problem.what.contains("http://h/2 -> … -> http://h/10 -> http://h/11"), "{}", problem.what);
    }
}
