//! `drive:` files of Google Drive, which puts a page of warning before large files. The page's own form is sent on;
//! any other page (quota, login) is a failure, never data.

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::header::CONTENT_DISPOSITION;
use url::Url;

use super::{Listing, Lists, Place, Remote, Request};
use crate::fetch::client::{Ask, Client};
use crate::fetch::endpoints::shown;
use crate::fetch::names;
use crate::fetch::problem::{Kind, Problem};
use crate::fetch::sums::Checksums;

/// The way.
pub const LISTS: Drive = Drive;

/// Google Drive.
pub struct Drive;

const PREFIX: &str = "drive:";

impl Lists for Drive {
    fn prefixes(&self) -> &'static [&'static str] {
        // Before `https://` of plain servers: these addresses are files of Drive.
        &[PREFIX, "https://drive.google.com/", "https://drive.usercontent.google.com/", "https://docs.google.com/uc"]
    }

    fn list<'a>(&'a self, client: &'a Client, request: &'a Request) -> BoxFuture<'a, Result<Listing, Problem>> {
        async move {
            let mut listing = Listing { revision: "-".into(), ..Listing::default() };
            if !request.card {
                let wrong = || {
                    Problem::last(
                        Kind::Missing,
                        format!("`{}` names no file of Google Drive", names::shown(&request.from)),
                    )
                    .cure("write drive:ID, or the address that holds the ID; a folder must be fetched by hand")
                };
                let id = id(&request.from).ok_or_else(wrong)?;
                let name = match request.from.strip_prefix(PREFIX).and_then(|r| r.split_once('/')) {
                    Some((_, name)) => name.to_owned(),
                    None => name_of(client, &id).await.map_err(|p| self.explain(client, request, p))?,
                };
                listing.files.push(remote(&id, &name, "all")?);
                return Ok(listing);
            }
            for (part, files) in &request.files {
                for file in files {
                    let (id, name) = file.split_once('/').unwrap_or((file, file));
                    let mut remote = remote(id, name, part)?;
                    request.pin(&mut remote, file);
                    listing.files.push(remote);
                }
            }
            Ok(listing)
        }
        .boxed()
    }

    fn plan(&self, _: &Client, request: &Request) -> String {
        let ids = request.files.values().flatten().map(|f| f.split('/').next().unwrap_or_default());
        ids.filter_map(|id| Some(format!("GET {}", address(id).ok()?))).collect::<Vec<_>>().join("\n")
    }

    fn explain(&self, _: &Client, request: &Request, problem: Problem) -> Problem {
        let problem = if request.card { problem } else { problem.about(shown(&request.from)) };
        if problem.retry || problem.cure.is_some() || problem.kind == Kind::Here {
            return problem;
        }
        Problem { kind: Kind::Remote, ..problem }.cure(
            "Google Drive gives this file to a browser only (quota, login): open its address there, save it, and import \
             it with --from FILE",
        )
    }
}

fn address(id: &str) -> Result<Url, url::ParseError> {
    Url::parse_with_params(
        "https://drive.usercontent.google.com/download",
        [("id", id), ("export", "download"), ("confirm", "t")],
    )
}

fn remote(id: &str, name: &str, part: &str) -> Result<Remote, Problem> {
    let url = address(id).map_err(|e| Problem::last(Kind::Missing, e.to_string()))?;
    let source = format!("https://drive.google.com/uc?id={id}&export=download");
    let place = Place::Web { url, token: None, pass: Some(pass) };
    Ok(Remote {
        path: name.to_owned(),
        part: part.to_owned(),
        place,
        source,
        bytes: None,
        expected: Checksums::default(),
    })
}

/// The ID that an address or `drive:ID` holds.
fn id(from: &str) -> Option<String> {
    let fits = |id: &str| id.len() > 3 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if let Some(rest) = from.strip_prefix(PREFIX) {
        return rest.split('/').next().filter(|id| fits(id)).map(str::to_owned);
    }
    let url = Url::parse(from).ok()?;
    let of_query = url.query_pairs().find(|(name, _)| name == "id").map(|(_, id)| id.into_owned());
    let of_path = || Some(url.path().split_once("/d/")?.1.split('/').next()?.to_owned());
    of_query.or_else(of_path).filter(|id| fits(id))
}

/// The name that Drive gives a file; its ID where it gives none that can be taken.
async fn name_of(client: &Client, id: &str) -> Result<String, Problem> {
    let url = address(id).map_err(|e| Problem::last(Kind::Missing, e.to_string()))?;
    let ask = Ask { pass: Some(pass), ..Ask::get(url) };
    let answer = client.again(|| client.send(&ask)).await?;
    let disposition =
        answer.response.headers().get(CONTENT_DISPOSITION).and_then(|v| std::str::from_utf8(v.as_bytes()).ok());
    let name = disposition.and_then(|t| t.split("filename=\"").nth(1)?.split('"').next());
    Ok(name.filter(|n| !n.contains('/') && names::refusal(n).is_none()).unwrap_or(id).to_owned())
}

/// The address that the form of the page of warning leads to, with its hidden fields.
pub fn pass(page: &str, url: &Url) -> Option<Url> {
    let form = page.split("<form").skip(1).find(|form| form.contains("confirm"))?;
    let (head, body) = form.split_once('>')?;
    let mut next = url.join(&attribute(head, "action")?).ok()?;
    let body = body.split("</form").next().unwrap_or_default();
    let fields: Vec<(String, String)> = body
        .split("<input")
        .skip(1)
        .filter_map(|input| input.split('>').next())
        .filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default())))
        .collect();
    next.query_pairs_mut().extend_pairs(fields);
    Some(next)
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let value = tag.split(&format!("{name}=\"")).nth(1)?.split('"').next()?;
    Some(value.replace("&amp;", "&").replace("&#39;", "'").replace("&quot;", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_leads_on() {
        let page = "<html><form id=\"f\" action=\"https://h.example/download\" method=\"get\"><input type=\"submit\" id=\"l\" \
                    value=\"Go\"/><input type=\"hidden\" name=\"id\" value=\"1a&amp;b\"><input type=\"hidden\" name=\"confirm\" \
                    value=\"t\"></form>";
        let url = Url::parse("https://x/").unwrap();
        assert_eq!(pass(page, &url).unwrap().as_str(), "https://h.example/download?id=1a%26b&confirm=t");
        assert!(pass("<html>Quota exceeded</html>", &url).is_none());
    }

    #[test]
    fn files_have_ids() {
        for from in [
            "drive:1abc",
            "drive:1abc/rows.zip",
            "https://drive.google.com/uc?id=1abc&export=download",
            "https://drive.google.com/file/d/1abc/view?usp=sharing",
            "https://drive.google.com/open?id=1abc",
        ] {
            assert_eq!(id(from).as_deref(), Some("1abc"), "{from}");
        }
        assert_eq!(id("https://drive.google.com/drive/folders/"), None);
    }
}
