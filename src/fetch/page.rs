//! Web pages in the place of data: which page it is, by its own words, and what helps.

use super::names;
use super::problem::{Kind, Problem};

/// Bytes of a page that are looked at.
pub const HEAD: usize = 64 << 10;

/// A page that is known: words of its source in lower case, any of which tells it, what it is, and what helps.
struct Known {
    words: &'static [&'static str],
    what: &'static str,
    cure: &'static str,
}

/// Google Drive writes its pages in the reader's language; names of classes and addresses of forms stay.
const KNOWN: [Known; 4] = [
    Known {
        words: &["quota exceeded", "超出了配额", "超出配额", "uc-error-subcaption", "download_quota", "quotaexceeded"],
        what: "Google Drive's page that the quota of this file is exceeded: too many have fetched it lately",
        cure: "wait (up to 24 hours) and run the same command again; or sign in to Google Drive in a browser, make a copy of \
               the file in your own Drive, download that, and import it with --from FILE",
    },
    Known {
        words: &["virus scan warning", "uc-warning-caption", "id=\"download-form\"", "病毒扫描"],
        what: "Google Drive's warning that it cannot scan so large a file for viruses, and not the file",
        cure: "open the address in a browser, press \"Download anyway\", and import what is saved with --from FILE; or \
               fetch drive:ID, which passes that page by itself",
    },
    Known {
        words: &["google drive: sign-in", "accounts.google.com/", "servicelogin", "google drive - access denied"],
        what: "Google's page to sign in: the file is not shared with everybody",
        cure: "ask its owner to share it, or sign in with a browser, download it there, and import it with --from FILE",
    },
    Known {
        words: &["pan.baidu.com", "百度网盘"],
        what: "a page of Baidu Pan, which gives files to a browser or its own client only",
        cure: "download the file there, with its code, and import it with --from FILE",
    },
];

fn known(page: &str) -> Option<&'static Known> {
    let page = page.to_lowercase();
    KNOWN.iter().find(|known| known.words.iter().any(|word| page.contains(word)))
}

/// What a page calls itself: ` (Sign in)`, or nothing.
fn title(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let found = lower.find("<title").and_then(|at| {
        let from = at + lower[at..].find('>')? + 1;
        Some(page[from..from + lower[from..].find("</title>")?].trim())
    });
    found.filter(|t| !t.is_empty()).map(|t| format!(" ({})", names::shown(t))).unwrap_or_default()
}

/// The failure of a web page that a host sends in the place of data.
pub fn sent(hosts: &[String], page: &str) -> Problem {
    let at = |what: &str| match hosts {
        [] => what.to_owned(),
        hosts => format!("{}: {what}", hosts.join(" -> ")),
    };
    match known(page) {
        // Who is shown a quota or a login is shown it again a moment later.
        Some(known) => Problem::last(Kind::Remote, at(&format!("answers with {}", known.what))).cure(known.cure),
        // A network's sign-in page may be gone a moment later.
        None => Problem::passing(at(&format!("answers with a web page{} in the place of data", title(page))))
            .at_most(3)
            .cure("open the address in a browser: a login, a quota or a network's sign-in page stands before the data"),
    }
}

/// The failure of a web page that somebody saved in the place of data.
pub fn saved(page: &str) -> Problem {
    let cure = known(page).map_or("save the file itself, not the page that offers it", |known| known.cure);
    let what = known(page).map_or_else(|| format!("a web page{}", title(page)), |known| known.what.to_owned());
    Problem::last(Kind::Remote, format!("it is {what}, not data")).cure(cure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_by_their_words() {
        for (page, says) in [
            ("<html><head><title>Google Drive - Quota exceeded</title>", "quota of this file"),
            ("<title>Google 云端硬盘</title><p class=\"uc-error-subcaption\">", "quota of this file"),
            ("<title>Google Drive - Virus scan warning</title>", "viruses"),
            ("<title>云端硬盘</title><form id=\"download-form\" action=", "viruses"),
            ("<TITLE>Google Drive: Sign-in</TITLE>", "sign in"),
            ("<a href=\"https://accounts.google.com/v3/signin\">", "sign in"),
            ("<title>百度网盘 请输入提取码</title>", "Baidu Pan"),
        ] {
            let (sent, saved) = (sent(&["h".into()], page), saved(page));
            assert!(!sent.retry, "{page}");
            assert!(sent.what.starts_with("h: answers with "), "{page}");
            assert!(sent.what.contains(says), "{page}");
            assert!(saved.what.contains(says) && saved.cure == sent.cure, "{page}: {}", saved.what);
        }
        let other = sent(&["a".into(), "b".into()], "<html lang=\"zh\"><Title lang=x> 校园网登录 </TITLE>");
        assert!(other.retry && other.what == "a -> b: answers with a web page (校园网登录) in the place of data");
        assert_eq!(saved("<html>").what, "it is a web page, not data");
        assert_eq!(title("<title>İ</title>"), " (İ)", "letters that grow in lower case");
    }
}
