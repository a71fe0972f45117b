//! A plain file server, and Google Drive with its page of warning.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::{Answer, Content, Request, Server};

/// Files by path.
type Files = Arc<Mutex<BTreeMap<String, Content>>>;

/// A plain file server: parts, entity tags, dates.
pub struct Plain {
    pub server: Server,
    files: Files,
}

impl Plain {
    pub fn start() -> Plain {
        Plain::with(true)
    }

    /// One that knows nothing of parts, entity tags and dates.
    pub fn simple() -> Plain {
        Plain::with(false)
    }

    fn with(ranges: bool) -> Plain {
        let files = Files::default();
        let of_server = Arc::clone(&files);
        let server = Server::start(move |request| {
            let Some(content) = of_server.lock().unwrap().get(&request.path()).cloned() else {
                return Answer::status(404);
            };
            if !ranges {
                return Answer { ranges: false, ..Answer::file(content) };
            }
            let tag = format!("\"{}\"", &content.sha256()[..32]);
            Answer::file(content).with("ETag", tag).with("Last-Modified", "Wed, 03 Apr 2024 05:06:07 GMT")
        });
        Plain { server, files }
    }

    pub fn put(&self, path: &str, content: Content) {
        self.files.lock().unwrap().insert(path.into(), content);
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.url())
    }
}

/// What Google Drive does with a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Drive {
    /// Small: the file itself.
    Small,
    /// Too large to be scanned: a page with a form, whose hidden fields let one pass.
    Warns,
    /// Too many have asked: a page, whatever is sent.
    Quota,
    /// Not shared: a page to sign in.
    Closed,
}

/// Name, bytes and behaviour by id.
type Shared = Arc<Mutex<BTreeMap<String, (String, Content, Drive)>>>;

/// `drive.usercontent.google.com`, to which `drive.google.com/uc` leads.
pub struct GoogleDrive {
    pub server: Server,
    files: Shared,
}

impl GoogleDrive {
    pub fn start() -> GoogleDrive {
        let files = Shared::default();
        let of_server = Arc::clone(&files);
        let server = Server::start(move |request| {
            let id = request.query("id").unwrap_or_default();
            let Some((name, content, kind)) = of_server.lock().unwrap().get(&id).cloned() else {
                return Answer { status: 404, ..Answer::html("<html><title>Error 404 (Not Found)!!1</title></html>") };
            };
            match request.raw_path().trim_end_matches('/') {
                "/uc" => Answer::redirect(
                    303,
                    &format!("https://drive.usercontent.google.com/download?id={id}&export=download"),
                ),
                "/download" => drive(request, &id, &name, content, kind),
                _ => Answer::status(404),
            }
        });
        GoogleDrive { server, files }
    }

    pub fn put(&self, id: &str, name: &str, content: Content, kind: Drive) {
        self.files.lock().unwrap().insert(id.into(), (name.into(), content, kind));
    }

    /// The value of `CORPUS_MIRRORS` that lets it stand for the real hosts.
    pub fn mirrors(&self) -> String {
        let url = self.server.url();
        format!("https://drive.usercontent.google.com/={url}/,https://drive.google.com/={url}/")
    }
}

fn drive(request: &Request, id: &str, name: &str, content: Content, kind: Drive) -> Answer {
    let passes = request.query("confirm").is_some_and(|c| c == "t");
    match kind {
        Drive::Small => {}
        Drive::Warns if passes => {}
        Drive::Warns => return Answer::html(warning(id, name)),
        Drive::Quota => {
            return Answer::html(
                "<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head><body><p class=\"uc-error-caption\">\
                 Sorry, you can&#39;t view or download this file at this time.</p><p class=\"uc-error-subcaption\">Too many users \
                 have viewed or downloaded this file recently.</p></body></html>",
            );
        }
        Drive::Closed => {
            return Answer::html(
                "<!DOCTYPE html><html><head><title>Google Drive: Sign-in</title></head><body></body></html>",
            );
        }
    }
    Answer::file(content).with("Content-Disposition", format!("attachment; filename=\"{name}\""))
}

fn warning(id: &str, name: &str) -> String {
    format!(
        "<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head><body>\
         <p class=\"uc-warning-caption\">Google Drive can&#39;t scan this file for viruses.</p>\
         <p class=\"uc-warning-subcaption\"><a href=\"/open?id={id}\">{name}</a> is too large for Google to scan for viruses. \
         Would you still like to download this file?</p>\
         <form id=\"download-form\" action=\"https://drive.usercontent.google.com/download\" method=\"get\">\
         <input type=\"submit\" id=\"uc-download-link\" value=\"Download anyway\"/>\
         <input type=\"hidden\" name=\"id\" value=\"{id}\"><input type=\"hidden\" name=\"export\" value=\"download\">\
         <input type=\"hidden\" name=\"confirm\" value=\"t\"><input type=\"hidden\" name=\"uuid\" value=\"3f5c-11\"></form></body></html>"
    )
}
