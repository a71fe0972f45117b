//! What a store says when it refuses, as it is told: what it answered, without anything that could be a secret.

use object_store::Error as Refusal;

use crate::Error;

/// A variable of the environment that holds a secret has one of these in its name.
const SECRET: [&str; 6] = ["KEY", "SECRET", "TOKEN", "SAS", "PASSWORD", "CREDENTIAL"];
/// Characters that are told of an answer.
const LONGEST: usize = 300;

/// The error that a refusal is, about the object or folder at `url`.
pub(super) fn problem(url: &str, refusal: &Refusal) -> Error {
    let cure = match refusal {
        Refusal::PermissionDenied { .. } | Refusal::Unauthenticated { .. } => {
            "set credentials that may do this: AWS_*, GOOGLE_*, AZURE_*"
        }
        Refusal::NotFound { .. } => "name a bucket and an object that are there",
        Refusal::Precondition { .. } => "run the same command again",
        _ => "run the same command again once the store answers: it goes on from what is there",
    };
    Error::other(format!("{url}: {}", answer_of(&refusal.to_string())), cure)
}

/// What an executor of a cluster says of a store's error, which the machine of the build may not have: with a cure.
pub fn elsewhere(message: String, error: &Error) -> Error {
    let cure = "start executors with the variables of the store (AWS_*, GOOGLE_*, AZURE_*) that the build has";
    Error::other(message, error.hint().unwrap_or(cure))
}

/// What is told of a refusal's own words.
fn answer_of(text: &str) -> String {
    let between = |from: &str, to: &str| Some(text.split_once(from)?.1.split_once(to)?.0.trim().to_owned());
    let status = text
        .split_once("status code: ")
        .map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    let tries = between(", after ", " retries").map_or(String::new(), |n| format!(", asked {n} times more"));
    let said = match (status, between("<Code>", "</Code>"), between("<Message>", "</Message>")) {
        (Some(status), None, _) => format!("the store answers {status}{tries}"),
        (_, Some(code), message) => {
            let message = message.map_or(String::new(), |message| format!(": {message}"));
            format!("the store answers {code}{message}{tries}")
        }
        (None, None, _) => match text.split_once("HTTP error: ") {
            Some((_, why)) => format!("no answer comes ({why}){tries}"),
            None => text.to_owned(),
        },
    };
    let hidden = without_queries(&without_secrets(said));
    let short: String = hidden.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    short
}

/// Without the values of variables that hold secrets.
fn without_secrets(mut text: String) -> String {
    for (name, value) in std::env::vars() {
        let name = name.to_ascii_uppercase();
        let cloud = ["AWS_", "GOOGLE_", "AZURE_"].iter().any(|head| name.starts_with(head));
        if cloud && value.len() > 3 && SECRET.iter().any(|word| name.contains(word)) {
            text = text.replace(&value, "…");
        }
    }
    text
}

/// Without what stands behind the `?` of addresses, where signatures are.
fn without_queries(text: &str) -> String {
    let cut = |word: &str| match word.split_once("://").and_then(|_| word.split_once('?')) {
        Some((address, _)) => format!("{address}?…"),
        None => word.to_owned(),
    };
    text.split(' ').map(cut).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_by_its_code() {
        let text = "Generic S3 error: Error performing PUT http://h/b/k?sig=HUSH in 1.2s, after 7 retries, max_retries: 9, \
                    retry_timeout: 3s  - Server returned non-2xx status code: 503 Service Unavailable: \
                    <?xml?><Error><Code>SlowDown</Code><Message>Reduce your rate.</Message><StringToSign>HUSH</StringToSign>";
        assert_eq!(answer_of(text), "the store answers SlowDown: Reduce your rate., asked 7 times more");
        let text = "Generic S3 error: Error performing GET http://h/b/k in 1.5s, after 5 retries, max_retries: 9, \
                    retry_timeout: 1s  - HTTP error: error sending request";
        assert_eq!(answer_of(text), "no answer comes (error sending request), asked 5 times more");
        assert_eq!(answer_of("status code: 500 Internal: oops"), "the store answers 500");
        assert_eq!(answer_of("cannot reach http://h/b?sig=HUSH now"), "cannot reach http://h/b?… now");
    }
}
