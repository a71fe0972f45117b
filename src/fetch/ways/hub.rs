//! `hf:owner/name`: data sets of the Hugging Face hub, by its API: the commit, the tree with its pages, `resolve`.

use std::collections::HashSet;

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::header::{HeaderMap, LINK};
use serde_json::Value;
use url::Url;

use super::{Listing, Lists, Place, Remote, Request, join};
use crate::catalog::card::License;
use crate::fetch::client::{Ask, Client, authority};
use crate::fetch::endpoints::shown;
use crate::fetch::problem::{Kind, Problem};
use crate::fetch::sums::Checksums;
use crate::fetch::{door, names};

/// The way.
pub const LISTS: Hub = Hub;

/// The hub.
pub struct Hub;

const PREFIX: &str = "hf:";
/// The hub serves larger files through its own protocol only.
const LARGEST: u64 = 50_000_000_000;
/// More pages, of a thousand files each, than any data set has.
const MOST_PAGES: usize = 5000;

impl Lists for Hub {
    fn prefixes(&self) -> &'static [&'static str] {
        &[PREFIX]
    }

    fn list<'a>(&'a self, client: &'a Client, request: &'a Request) -> BoxFuture<'a, Result<Listing, Problem>> {
        async move { list(client, request).await.map_err(|p| explain(client, request, p)) }.boxed()
    }

    fn plan(&self, client: &Client, request: &Request) -> String {
        let url = api(client, request, &["tree", request.revision.as_deref().unwrap_or("main")]);
        format!("GET {url}?recursive=true")
    }

    fn explain(&self, client: &Client, request: &Request, problem: Problem) -> Problem {
        explain(client, request, problem)
    }
}

fn api(client: &Client, request: &Request, more: &[&str]) -> Url {
    let id = request.rest(PREFIX);
    let segments = ["api", "datasets"].into_iter().chain(id.split('/')).chain(more.iter().copied());
    join(&client.endpoints.hub, segments)
}

async fn list(client: &Client, request: &Request) -> Result<Listing, Problem> {
    let id = request.rest(PREFIX);
    let token = client.endpoints.token();
    let asked = request.revision.as_deref();
    let info = match asked {
        Some(revision) => api(client, request, &["revision", revision]),
        None => api(client, request, &[]),
    };
    let (info, _, url) = client.json(&Ask::get(info).token(token)).await?;
    let commit = info["sha"].as_str().filter(|sha| sha.len() == 40 && sha.bytes().all(|b| b.is_ascii_hexdigit()));
    // A mirror that does not tell the commit leaves only the name of the branch.
    let commit = commit
        .or(asked)
        .map(str::to_owned)
        .ok_or_else(|| Problem::passing(format!("{}: the answer names no commit", authority(&url))))?;
    let globs = request.globs()?;
    let mut listing = Listing { revision: commit.clone(), license: license(&info), ..Listing::default() };
    let folder = common_folder(request);
    let mut tree = vec!["tree", commit.as_str()];
    tree.extend(folder.iter().map(String::as_str));
    let mut next = Some(api(client, request, &tree));
    if let Some(url) = &mut next {
        url.set_query(Some("recursive=true&expand=false"));
    }
    let mut seen = HashSet::new();
    while let Some(url) = next {
        if !seen.insert(url.to_string()) || seen.len() > MOST_PAGES {
            let what = format!("{}: the listing goes round in circles, or has no end", authority(&url));
            return Err(Problem::last(Kind::Remote, what));
        }
        let (page, headers, url) = client.json(&Ask::get(url).token(token)).await?;
        let entries = page
            .as_array()
            .ok_or_else(|| Problem::last(Kind::Remote, format!("{}: the listing is no list", authority(&url))))?;
        for entry in entries.iter().filter(|e| e["type"] == "file") {
            take(client, request, &globs, entry, &commit, &mut listing);
        }
        next = next_page(&headers, &url);
        if let Some(next) = next.as_ref().filter(|next| next.origin() != client.endpoints.hub.origin()) {
            let what = format!("{}: the next page is said to lie at {}", authority(&url), shown(next.as_str()));
            return Err(Problem::last(Kind::Remote, what)
                .cure("a listing is followed on its own host only: try another mirror"));
        }
    }
    if listing.files.is_empty() && !request.card && listing.refused.is_empty() {
        return Err(Problem::last(Kind::Missing, format!("{}: {id} has no files", authority(&client.endpoints.hub))));
    }
    Ok(listing)
}

fn take(client: &Client, request: &Request, globs: &super::Globs, entry: &Value, commit: &str, listing: &mut Listing) {
    let Some(path) = entry["path"].as_str() else { return };
    let Some(part) = request.part_of(globs, path) else { return };
    let bytes = entry["lfs"]["size"].as_u64().or(entry["size"].as_u64());
    let hex = |value: &Value, digits: usize| {
        value.as_str().filter(|s| s.len() == digits && s.bytes().all(|b| b.is_ascii_hexdigit())).map(str::to_owned)
    };
    let mut expected = Checksums::default();
    if entry["lfs"].is_object() {
        expected.sha256 = hex(&entry["lfs"]["oid"], 64);
    } else {
        expected.git = hex(&entry["oid"], 40);
    }
    if bytes.is_some_and(|b| b > LARGEST) {
        let why = "it has more than 50 GB, and the hub serves such files through its Xet client only: \
                   `hf download` gets it, `--from` imports it";
        listing.refused.push((path.to_owned(), why.into()));
        return;
    }
    let id = request.rest(PREFIX);
    let segments = ["datasets"].into_iter().chain(id.split('/')).chain(["resolve", commit]).chain(path.split('/'));
    let url = join(&client.endpoints.hub, segments);
    let source = url.to_string();
    let place = Place::Web { url, token: client.endpoints.token().cloned(), pass: None };
    let mut remote = Remote { path: path.to_owned(), part, place, source, bytes, expected };
    request.pin(&mut remote, path);
    listing.files.push(remote);
}

/// The folder that all globs share, so that only that part of a large tree is listed.
fn common_folder(request: &Request) -> Vec<String> {
    let mut common: Option<Vec<&str>> = None;
    for glob in request.files.values().flatten() {
        let parts: Vec<&str> = glob.split('/').collect();
        let literal = |part: &&&str| !part.contains(['*', '?', '[', '{', '\\']);
        let folder: Vec<&str> = parts[..parts.len() - 1].iter().take_while(literal).copied().collect();
        common = Some(match common {
            None => folder,
            Some(before) => before.iter().zip(&folder).take_while(|(a, b)| a == b).map(|(a, _)| *a).collect(),
        });
    }
    let any_bare = request.files.values().any(Vec::is_empty);
    common.filter(|_| !any_bare).unwrap_or_default().into_iter().map(str::to_owned).collect()
}

/// The address after `rel="next"`.
fn next_page(headers: &HeaderMap, url: &Url) -> Option<Url> {
    headers.get_all(LINK).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).find_map(|link| {
        let (address, rest) = link.trim().strip_prefix('<')?.split_once('>')?;
        let next = rest.split(';').any(|p| matches!(p.trim(), "rel=\"next\"" | "rel=next"));
        next.then(|| url.join(address).ok())?
    })
}

/// The licence that the repository's card tells.
fn license(info: &Value) -> Option<License> {
    let tags = info["tags"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut named: Vec<String> = tags.filter_map(|t| t.strip_prefix("license:")).map(str::to_owned).collect();
    if named.is_empty() {
        let card = &info["cardData"]["license"];
        let list = card.as_array().map_or(std::slice::from_ref(card), Vec::as_slice);
        named = list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    }
    let strictest = named.iter().map(|name| door::license(name, "the hub card")).max_by_key(|l| l.kind)?;
    let name = match info["cardData"]["license_name"].as_str().filter(|_| strictest.name == "other") {
        Some(name) => names::shown(name),
        None => named.iter().map(|n| names::shown(n)).collect::<Vec<_>>().join(" | "),
    };
    Some(License { name, ..strictest })
}

/// What the hub means, and what helps.
fn explain(client: &Client, request: &Request, problem: Problem) -> Problem {
    let id = request.rest(PREFIX);
    let page = join(&client.endpoints.hub, ["datasets"].into_iter().chain(id.split('/')));
    let has_token = client.endpoints.token().is_some();
    let code = problem.code.clone().unwrap_or_default();
    let what = problem.what.clone();
    let refusal =
        |kind, says: String, cure: String| Problem { kind, retry: false, ..problem.clone() }.say(says).cure(cure);
    if let Some(origin) = problem.strayed.as_deref()
        && (["GatedRepo", "RepoNotFound"].contains(&code.as_ref()) || matches!(problem.status, Some(401 | 403)))
    {
        let (says, cure) = led_away(&authority(&client.endpoints.hub), origin, id, &what, has_token);
        return refusal(Kind::Gated, says, cure);
    }
    match (code.as_ref(), problem.status) {
        ("GatedRepo", _) if has_token => refusal(
            Kind::Gated,
            format!("{id} is gated, and the holder of the token was not let in ({what})"),
            format!("ask for access at {page}, then run the same command again"),
        ),
        ("GatedRepo", _) => refusal(
            Kind::Gated,
            format!("{id} is gated ({what})"),
            format!("ask for access at {page}, then set HF_TOKEN to a token of that account"),
        ),
        ("RevisionNotFound", _) => refusal(
            Kind::Missing,
            format!("{id} has no revision `{}` ({what})", names::shown(request.revision.as_deref().unwrap_or("main"))),
            format!("branches, tags and commits are listed at {page}"),
        ),
        ("EntryNotFound", _) => {
            refusal(Kind::Missing, format!("{id}: {what}"), format!("its files are listed at {page}"))
        }
        ("RepoNotFound", _) | (_, Some(404)) => refusal(
            Kind::Missing,
            format!("there is no data set {id}, or it is private ({what})"),
            if has_token {
                "check the name; if the set is private, the token in HF_TOKEN must be of somebody who may read it"
                    .into()
            } else {
                "check the name; if the set is private, set HF_TOKEN".into()
            },
        ),
        (_, Some(401)) if has_token => refusal(
            Kind::Gated,
            format!("{id}: the token is not accepted ({what})"),
            "put a valid token into HF_TOKEN, or none".into(),
        ),
        (_, Some(401)) => refusal(Kind::Gated, format!("{id} wants a login ({what})"), "set HF_TOKEN".into()),
        (_, Some(403)) => refusal(
            Kind::Gated,
            format!("{id} may not be read ({what})"),
            format!("see {page}; it may be disabled or gated"),
        ),
        _ => problem.about(id),
    }
}

/// What it means, and what helps, where the mirror that is asked sends on to another host, which then wants to know who
/// asks: the token is for the mirror alone, and was left out.
fn led_away(mirror: &str, origin: &str, id: &str, what: &str, has_token: bool) -> (String, String) {
    let ask = match origin {
        "https://huggingface.co" => "unset HF_ENDPOINT".to_owned(),
        other => format!("set HF_ENDPOINT={other}"),
    };
    if has_token {
        return (
            format!(
                "{id}: {mirror} sends on to {origin}, which wants to know who asks ({what}); the token is for {mirror} \
                 alone, and was not shown there"
            ),
            format!(
                "if you trust {origin}, {ask}, so that it is asked itself and sees the token; else take a mirror that serves \
                 such sets itself, or download it with a browser and import it with --from"
            ),
        );
    }
    (
        format!("{id} is gated or private, and {mirror} sends on to {origin}, which wants to know who asks ({what})"),
        format!(
            "ask for access at {origin}/datasets/{id}, set HF_TOKEN to a token of that account, and {ask}: a token is not \
             passed on to where a mirror leads"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_named_by_a_link() {
        let url = Url::parse("http://h/a?b").unwrap();
        let next = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(LINK, text.parse().unwrap());
            next_page(&headers, &url).map(|u| u.to_string())
        };
        assert_eq!(next("</x?cursor=1>; rel=\"next\"").as_deref(), Some("http://h/x?cursor=1"));
        assert_eq!(next("<http://a/1>; rel=\"first\", <http://a/2>; rel=\"next\"").as_deref(), Some("http://a/2"));
        assert_eq!(next("<http://a/1>; rel=\"last\""), None);
    }

    #[test]
    fn only_the_folder_that_is_needed_is_listed() {
        let of = |globs: &[&str]| {
            let mut request = Request::of_name("hf:a/b", None);
            request.files.insert("all".into(), globs.iter().map(|g| (*g).to_owned()).collect());
            common_folder(&request).join("/")
        };
        assert_eq!(of(&["data/zh/*.gz", "data/zh/x/*.gz"]), "data/zh");
        assert_eq!(of(&["data/zh/*.gz", "data/en/*.gz"]), "data");
        assert_eq!((of(&["*.gz"]), of(&["data/**/*.gz"]), of(&[])), (String::new(), "data".into(), String::new()));
    }

    #[test]
    fn the_strictest_licence_counts() {
        use crate::catalog::Freedom;
        let info = serde_json::json!({"tags": ["license:mit", "license:cc-by-nc-4.0", "x"]});
        let found = license(&info).unwrap();
        assert_eq!((found.name.as_str(), found.kind), ("mit | cc-by-nc-4.0", Freedom::Noncommercial));
        let info = serde_json::json!({"cardData": {"license": "other", "license_name": "skywork"}});
        let found = license(&info).unwrap();
        assert_eq!((found.name.as_str(), found.kind), ("skywork", Freedom::Custom));
        assert!(license(&serde_json::json!({})).is_none());
    }
}
