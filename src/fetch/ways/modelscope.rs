//! `ms:owner/name`: data sets of ModelScope. Its answers are envelopes, which tell errors under status 200 too.

use futures::FutureExt;
use futures::future::BoxFuture;
use serde_json::Value;
use url::Url;

use super::{Listing, Lists, Place, Remote, Request, join};
use crate::fetch::client::{Ask, Client, authority};
use crate::fetch::problem::{Kind, Problem};
use crate::fetch::sums::Checksums;
use crate::fetch::{door, names};

/// The way.
pub const LISTS: ModelScope = ModelScope;

/// ModelScope.
pub struct ModelScope;

const PREFIX: &str = "ms:";
/// Entries of a page.
const PAGE: usize = 100;
/// More pages than any data set has.
const MOST_PAGES: usize = 10_000;

impl Lists for ModelScope {
    fn prefixes(&self) -> &'static [&'static str] {
        &[PREFIX]
    }

    fn list<'a>(&'a self, client: &'a Client, request: &'a Request) -> BoxFuture<'a, Result<Listing, Problem>> {
        let revision = request.revision.as_ref().map(|r| format!(" at {}", names::shown(r))).unwrap_or_default();
        async move { list(client, request).await.map_err(|p| p.about(format!("{}{revision}", request.from))) }.boxed()
    }

    fn plan(&self, client: &Client, request: &Request) -> String {
        format!("GET {}, then its repo/tree", api(client, request.rest(PREFIX).split('/')))
    }
}

fn api<'a>(client: &Client, segments: impl Iterator<Item = &'a str>) -> Url {
    join(&client.endpoints.modelscope, ["api", "v1", "datasets"].into_iter().chain(segments))
}

/// What is in the envelope.
async fn open(client: &Client, url: Url) -> Result<Value, Problem> {
    let (answer, _, url) = client.json(&Ask::get(url)).await?;
    let failed = answer["Success"] == false || answer["Code"].as_u64().is_some_and(|c| c != 200);
    if failed || answer["Data"].is_null() {
        let says = names::shown(answer["Message"].as_str().unwrap_or("nothing"));
        let what = format!("{} says: {says} (code {})", authority(&url), answer["Code"]);
        return Err(Problem::last(Kind::Missing, what)
            .cure("check the name and the revision; a set that wants a login must be fetched by hand and imported with --from"));
    }
    Ok(answer["Data"].clone())
}

async fn list(client: &Client, request: &Request) -> Result<Listing, Problem> {
    let id = request.rest(PREFIX);
    let revision = request.revision.clone().unwrap_or_else(|| "master".into());
    let info = open(client, api(client, id.split('/'))).await?;
    let number = info["Id"].as_u64().map(|n| n.to_string()).or_else(|| info["Id"].as_str().map(str::to_owned));
    let number = number.ok_or_else(|| {
        let what = format!("{}: the answer names no number for the set", authority(&client.endpoints.modelscope));
        Problem::last(Kind::Remote, what)
            .cure("sets of the old kind are not supported: fetch by hand, import with --from")
    })?;
    let license = info["License"].as_str().filter(|l| !l.trim().is_empty());
    let mut listing = Listing {
        revision: revision.clone(),
        license: license.map(|name| door::license(name, "ModelScope")),
        ..Listing::default()
    };
    let globs = request.globs()?;
    for page in 1.. {
        if page > MOST_PAGES {
            return Err(Problem::last(Kind::Remote, "the listing has no end"));
        }
        let mut url = api(client, [number.as_str(), "repo", "tree"].into_iter());
        url.query_pairs_mut()
            .append_pair("Revision", &revision)
            .append_pair("Root", "/")
            .append_pair("Recursive", "True")
            .append_pair("PageNumber", &page.to_string())
            .append_pair("PageSize", &PAGE.to_string());
        let data = open(client, url).await?;
        let entries = data["Files"].as_array().map(Vec::as_slice).unwrap_or_default();
        for entry in entries.iter().filter(|e| e["Type"] == "blob") {
            take(client, request, &globs, entry, &revision, &mut listing);
        }
        if entries.len() < PAGE {
            break;
        }
    }
    Ok(listing)
}

fn take(
    client: &Client,
    request: &Request,
    globs: &super::Globs,
    entry: &Value,
    revision: &str,
    listing: &mut Listing,
) {
    let Some(path) = entry["Path"].as_str() else { return };
    let Some(part) = request.part_of(globs, path) else { return };
    let mut url = api(client, request.rest(PREFIX).split('/').chain(["repo"]));
    url.query_pairs_mut()
        .append_pair("Source", "SDK")
        .append_pair("Revision", revision)
        .append_pair("View", "False")
        .append_pair("FilePath", path);
    let sha256 = entry["Sha256"].as_str().filter(|s| s.len() == 64 && s.bytes().all(|b| b.is_ascii_hexdigit()));
    let expected = Checksums { sha256: sha256.map(str::to_owned), ..Checksums::default() };
    let source = url.to_string();
    let bytes = entry["Size"].as_u64();
    let mut remote = Remote { path: path.to_owned(), part, place: Place::web(url), source, bytes, expected };
    request.pin(&mut remote, path);
    listing.files.push(remote);
}
