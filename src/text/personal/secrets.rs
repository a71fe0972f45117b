//! Keys and tokens, by the prefixes and forms that their issuers publish (and the rules of gitleaks, MIT, list).

use super::kinds::{Kind, Span};
use super::labels;

/// What the characters of a token may be.
#[derive(Clone, Copy)]
enum Set {
    /// Letters and digits.
    Word,
    /// Also `_` and `-`.
    Dashed,
    /// Also `.`.
    Dotted,
    /// Capitals and digits.
    Upper,
    /// `0-9a-f`.
    Hex,
    /// `A-Za-z0-9/+=`.
    Base64,
}

impl Set {
    fn has(self, c: u8) -> bool {
        match self {
            Set::Word => c.is_ascii_alphanumeric(),
            Set::Dashed => c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-'),
            Set::Dotted => c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-' | b'.'),
            Set::Upper => c.is_ascii_uppercase() || c.is_ascii_digit(),
            Set::Hex => matches!(c, b'0'..=b'9' | b'a'..=b'f'),
            Set::Base64 => c.is_ascii_alphanumeric() || matches!(c, b'/' | b'+' | b'='),
        }
    }
}

/// A prefix, the characters that follow it, and how many there are at least and at most.
struct Form(&'static str, Set, usize, usize);

/// The forms, by issuer.
const FORMS: &[Form] = &[
    // Amazon Web Services: identifiers of keys, roles and sessions.
    Form("AKIA", Set::Upper, 16, 16),
    Form("ASIA", Set::Upper, 16, 16),
    Form("ABIA", Set::Upper, 16, 16),
    Form("ACCA", Set::Upper, 16, 16),
    // Google Cloud, and OAuth.
    Form("AIza", Set::Dashed, 35, 35),
    Form("GOCSPX-", Set::Dashed, 28, 28),
    Form("ya29.", Set::Dotted, 20, 400),
    // GitHub, GitLab.
    Form("ghp_", Set::Word, 36, 251),
    Form("gho_", Set::Word, 36, 251),
    Form("ghu_", Set::Word, 36, 251),
    Form("ghs_", Set::Word, 36, 251),
    Form("ghr_", Set::Word, 36, 251),
    Form("github_pat_", Set::Dashed, 40, 251),
    Form("glpat-", Set::Dotted, 20, 80),
    Form("glptt-", Set::Hex, 40, 40),
    Form("gldt-", Set::Dashed, 20, 40),
    // Slack.
    Form("xoxb-", Set::Dashed, 20, 200),
    Form("xoxp-", Set::Dashed, 20, 200),
    Form("xoxa-", Set::Dashed, 20, 200),
    Form("xoxr-", Set::Dashed, 20, 200),
    Form("xoxs-", Set::Dashed, 20, 200),
    Form("xoxe-", Set::Dashed, 20, 400),
    Form("xoxe.", Set::Dotted, 20, 400),
    Form("xapp-", Set::Dashed, 20, 200),
    // Language models: OpenAI, Anthropic, DeepSeek and DashScope, Hugging Face, Groq, xAI, Replicate, Perplexity.
    Form("sk-proj-", Set::Dashed, 20, 250),
    Form("sk-svcacct-", Set::Dashed, 20, 250),
    Form("sk-admin-", Set::Dashed, 20, 250),
    Form("sk-ant-", Set::Dashed, 20, 250),
    Form("sk-or-v1-", Set::Hex, 64, 64),
    Form("sk-", Set::Word, 32, 64),
    Form("hf_", Set::Word, 30, 60),
    Form("gsk_", Set::Word, 40, 64),
    Form("xai-", Set::Word, 60, 100),
    Form("r8_", Set::Word, 37, 40),
    Form("pplx-", Set::Word, 40, 64),
    // Alibaba Cloud, Tencent Cloud, Volcengine, Baidu.
    Form("LTAI", Set::Word, 12, 26),
    Form("AKID", Set::Word, 28, 36),
    Form("AKLT", Set::Word, 28, 60),
    Form("ALTAK", Set::Word, 16, 40),
    // Payment, mail, messages.
    Form("sk_live_", Set::Word, 16, 120),
    Form("sk_test_", Set::Word, 16, 120),
    Form("rk_live_", Set::Word, 16, 120),
    Form("rk_test_", Set::Word, 16, 120),
    Form("pk_live_", Set::Word, 16, 120),
    Form("whsec_", Set::Base64, 24, 80),
    Form("sq0csp-", Set::Dashed, 40, 50),
    Form("SG.", Set::Dotted, 60, 70),
    Form("SK", Set::Hex, 32, 32),
    Form("AC", Set::Hex, 32, 32),
    Form("key-", Set::Hex, 32, 32),
    // Packages and platforms.
    Form("npm_", Set::Word, 36, 36),
    Form("pypi-", Set::Dashed, 50, 300),
    Form("dckr_pat_", Set::Dashed, 24, 40),
    Form("dop_v1_", Set::Hex, 64, 64),
    Form("doo_v1_", Set::Hex, 64, 64),
    Form("shpat_", Set::Hex, 32, 32),
    Form("shpss_", Set::Hex, 32, 32),
    Form("lin_api_", Set::Word, 40, 40),
    Form("ntn_", Set::Word, 40, 60),
    Form("secret_", Set::Word, 43, 43),
    Form("figd_", Set::Dashed, 40, 50),
    Form("hvs.", Set::Dashed, 24, 200),
    Form("AGE-SECRET-KEY-1", Set::Upper, 58, 58),
    Form("PMAK-", Set::Dashed, 59, 59),
    Form("EAACEdEose0cBA", Set::Word, 10, 300),
];

/// Behind the characters of base64url from byte `i` on.
pub fn dashed_end(b: &[u8], i: usize) -> usize {
    i + b[i..].iter().take_while(|c| Set::Dashed.has(**c)).count()
}

/// The token that begins at byte `start`, among characters of base64url that end at byte `dashed`.
pub fn token(text: &str, start: usize, dashed: usize) -> Option<Span> {
    let b = &text.as_bytes()[start..];
    if b.starts_with(b"eyJ") {
        return jwt(b, dashed - start).map(|len| Span { start, end: start + len, kind: Kind::Secret });
    }
    for Form(prefix, set, least, most) in FORMS {
        if b.first() != prefix.as_bytes().first() || !b.starts_with(prefix.as_bytes()) {
            continue;
        }
        let body = &b[prefix.len()..];
        // Signs of a line may follow; what goes on far beyond is no token.
        let mut len = body.iter().take(most + 64).take_while(|c| set.has(**c)).count();
        if len == most + 64 {
            continue;
        }
        while len > 0 && matches!(body[len - 1], b'.' | b'-') {
            len -= 1;
        }
        if (*least..=*most).contains(&len) && random(&body[..len]) {
            return Some(Span { start, end: start + prefix.len() + len, kind: Kind::Secret });
        }
    }
    None
}

/// Whether characters look drawn rather than written: enough of them differ, and no sign fills the place (`xxxx`, `your`).
fn random(body: &[u8]) -> bool {
    let mut seen = [false; 128];
    body.iter().for_each(|c| seen[usize::from(c & 127)] = true);
    let distinct = seen.iter().filter(|s| **s).count();
    let lower = body.to_ascii_lowercase();
    let filled =
        ["your_", "your-", "yourapi", "yourkey", "xxxx", "example_", "placeholder", "<", "replace", "...", "changeme"]
            .iter()
            .any(|w| lower.windows(w.len()).any(|p| p == w.as_bytes()));
    distinct >= (body.len() / 3).clamp(6, 10) && !filled
}

/// The length of a JSON web token (RFC 7519): two parts that are JSON objects in base64url, the first of `head` bytes, and a
/// signature.
fn jwt(b: &[u8], head: usize) -> Option<usize> {
    let part = |from: usize| dashed_end(b, from) - from;
    let body_at = head + 1;
    if head < 10 || b.get(head) != Some(&b'.') || !b[body_at..].starts_with(b"eyJ") {
        return None;
    }
    let body = part(body_at);
    let mut len = body_at + body;
    if b.get(len) == Some(&b'.') {
        len += 1 + part(len + 1);
    }
    (body >= 10).then_some(len)
}

/// The block of a private key (RFC 7468, OpenPGP) whose `-----BEGIN` has its word at byte `start`: with its lines, or the
/// rest of the text where its end is missing but its content follows.
pub fn pem(text: &str, start: usize) -> Option<Span> {
    let begin = start.checked_sub(5).filter(|at| text.as_bytes()[*at..].starts_with(b"-----BEGIN "))?;
    let rest = &text[begin..];
    let title = rest[11..].split("-----").next().filter(|t| t.len() < 48 && t.contains("PRIVATE KEY"))?;
    let body = 11 + title.len() + 5;
    let closing = format!("-----END {title}-----");
    let far = rest.floor_char_boundary(16_384);
    let end = match rest[..far].find(&closing) {
        Some(at) => at + closing.len(),
        None => {
            let stop =
                |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '\n' | '\r' | '\\' | ' '));
            body + rest[body.min(far)..far].find(stop).unwrap_or(far - body.min(far))
        }
    };
    let key = rest[..end].trim_end().len();
    (key > body + 24 && !rest[body..key].contains('<')).then_some(Span {
        start: begin,
        end: begin + key,
        kind: Kind::Secret,
    })
}

/// The token of a bot of Telegram that begins with digits at byte `start`: eight to ten of them, a colon, 35 characters.
pub fn bot(text: &str, start: usize) -> Option<Span> {
    let b = &text.as_bytes()[start..];
    let number = b.iter().take_while(|c| c.is_ascii_digit()).count();
    if !(8..=10).contains(&number) || b.get(number) != Some(&b':') {
        return None;
    }
    let body = &b[number + 1..];
    let len = body.iter().take_while(|c| Set::Dashed.has(**c)).count();
    let end = start + number + 1 + len;
    (len == 35 && random(&body[..len])).then_some(Span { start, end, kind: Kind::Secret })
}

/// The path of a webhook of Slack, which is all that one needs to post, in an address of the web at byte `start`.
pub fn webhook(text: &str, start: usize) -> Option<Span> {
    let host = "hooks.slack.com/services/";
    let rest = text.get(start..)?;
    let path = rest.get(..host.len() + 12)?.find(host).map(|at| at + host.len())?;
    let len = rest.as_bytes()[path..].iter().take_while(|c| Set::Word.has(**c) || **c == b'/').count();
    (len >= 30).then_some(Span { start: start + path, end: start + path + len, kind: Kind::Secret })
}

/// A long value that a word before it calls a key, secret or token: letters and digits, 20 to 128, drawn and not written.
pub fn named(text: &str, start: usize) -> Option<Span> {
    let b = &text.as_bytes()[start..];
    let mut len =
        b.iter().take(200).take_while(|c| Set::Base64.has(**c) || matches!(c, b'_' | b'-' | b'~' | b'.')).count();
    while len > 0 && matches!(b[len - 1], b'.' | b'-') {
        len -= 1;
    }
    let body = &b[..len];
    let has = |f: fn(&u8) -> bool| body.iter().any(f);
    let mixed = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    let digits = body.iter().filter(|c| c.is_ascii_digit()).count();
    let called = matches!(b.get(len), Some(b'('));
    if called
        || !(20..=160).contains(&len)
        || !mixed
        || digits * 20 < len && !(has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase))
        || !random(body)
    {
        return None;
    }
    let clause = labels::clause(text, start);
    let head = clause.trim_end_matches([' ', '"', '\'', '=', ':', '：', '`', '“', '>', '(']);
    let assigned = head.len() < clause.len() && clause[head.len()..].contains([':', '=', '：']);
    let word = head.rsplit([' ', '"', '\'', ',', '{', '(', '，', ';', '&', '?', '`']).next().unwrap_or_default();
    const WORDS: &[&str] = &[
        "secret",
        "apikey",
        "api_key",
        "api-key",
        "access_key",
        "accesskey",
        "access-key",
        "accountkey",
        "token",
        "password",
        "passwd",
        "密钥",
        "私钥",
        "口令",
        "密码",
        "令牌",
        "private_key",
        "auth_key",
        "authkey",
        "app_key",
        "appkey",
        "signing_key",
        "encryption_key",
        "client_key",
        "sharedaccesskey",
        "bearer",
        "secretkey",
    ];
    let called = WORDS.iter().any(|w| word.ends_with(w))
        || head.ends_with("api key")
        || head.ends_with("access key")
        || head.ends_with("secret key");
    let bearer = word == "bearer";
    (called && (assigned || bearer)).then_some(Span { start, end: start + len, kind: Kind::Secret })
}
