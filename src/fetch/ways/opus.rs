//! `opus:CORPUS/en-zh`: parallel text of OPUS, found by its API, which names the file in OPUS's object store.

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use url::Url;

use super::{Listing, Lists, Place, Remote, Request, join};
use crate::fetch::client::{Ask, Client, authority};
use crate::fetch::names;
use crate::fetch::problem::{Kind, Problem};
use crate::fetch::sums::Checksums;

/// The way.
pub const LISTS: Opus = Opus;

/// OPUS.
pub struct Opus;

const PREFIX: &str = "opus:";

impl Lists for Opus {
    fn prefixes(&self) -> &'static [&'static str] {
        &[PREFIX]
    }

    fn list<'a>(&'a self, client: &'a Client, request: &'a Request) -> BoxFuture<'a, Result<Listing, Problem>> {
        async move { list(client, request).await.map_err(|p| self.explain(client, request, p)) }.boxed()
    }

    fn plan(&self, client: &Client, request: &Request) -> String {
        match address(client, request) {
            Ok((url, ..)) => format!("GET {url}"),
            Err(problem) => problem.what,
        }
    }
}

/// The question to the API, the corpus, and the pair in its order.
fn address(client: &Client, request: &Request) -> Result<(Url, String, [String; 2]), Problem> {
    let rest = request.rest(PREFIX);
    let wrong = || {
        let what = format!("`{}` names no corpus and pair", names::shown(&request.from));
        Problem::last(Kind::Missing, what).cure("write opus:CORPUS/en-zh, as in opus:UNPC/en-zh")
    };
    let (corpus, pair) = rest.split_once('/').ok_or_else(wrong)?;
    let (one, two) = pair.split_once('-').ok_or_else(wrong)?;
    let mut pair = [one.to_owned(), two.to_owned()];
    pair.sort();
    let mut url = join(&client.endpoints.opus, ["opusapi", ""]);
    url.query_pairs_mut()
        .append_pair("corpus", corpus)
        .append_pair("source", &pair[0])
        .append_pair("target", &pair[1])
        .append_pair("preprocessing", "moses")
        .append_pair("version", request.revision.as_deref().unwrap_or("latest"));
    Ok((url, corpus.to_owned(), pair))
}

async fn list(client: &Client, request: &Request) -> Result<Listing, Problem> {
    let (url, corpus, pair) = address(client, request)?;
    let (answer, _, asked) = client.json(&Ask::get(url)).await?;
    let all = answer["corpora"].as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    // The API is asked for one file; of several the newest is the last that calls itself the latest.
    let fits = |v: &&Value| text(v, "url").ends_with(".zip") && (v["corpus"].is_null() || text(v, "corpus") == corpus);
    let found = all.iter().filter(fits).max_by_key(|v| text(v, "latest").eq_ignore_ascii_case("true"));
    let version = request.revision.as_deref().unwrap_or("latest");
    let missing = || {
        let what = format!("{}: OPUS has no {corpus} {} ({version})", authority(&asked), pair.join("-"));
        Problem::last(Kind::Missing, what).cure(format!(
            "{}?languages=True&corpus={corpus} lists its languages (Chinese may be zh, zh_CN, zh_TW, cmn)",
            join(&client.endpoints.opus, ["opusapi", ""])
        ))
    };
    let found = found.ok_or_else(missing)?;
    let url = Url::parse(&text(found, "url")).map_err(|_| missing())?;
    let path = format!("{}.txt.zip", pair.join("-"));
    let globs = request.globs()?;
    // The API names exactly one file: whatever the card calls it, it is the one.
    let part = request.part_of(&globs, &path).or_else(|| request.files.keys().next().cloned());
    let source = url.to_string();
    let mut remote = Remote {
        path: path.clone(),
        part: part.unwrap_or_else(|| "all".into()),
        place: Place::web(url),
        source,
        bytes: None,
        expected: Checksums::default(),
    };
    for name in request.files.values().flatten() {
        request.pin(&mut remote, name);
    }
    let revision = Some(text(found, "version")).filter(|v| !v.is_empty()).unwrap_or_else(|| version.to_owned());
    Ok(Listing { revision, files: vec![remote], ..Listing::default() })
}
