//! An object store that speaks enough of S3 to list and read: buckets in the path, no signatures checked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use super::{Answer, Content, Request, Server};

type Objects = Arc<Mutex<BTreeMap<String, Content>>>;

/// The server and its objects.
pub struct S3 {
    pub server: Server,
    objects: Objects,
}

impl S3 {
    pub fn start() -> S3 {
        let objects = Objects::default();
        let of_server = Arc::clone(&objects);
        let server = Server::start(move |request| answer(&of_server.lock().unwrap(), request));
        S3 { server, objects }
    }

    /// An object by `BUCKET/KEY`.
    pub fn put(&self, name: &str, content: Content) {
        self.objects.lock().unwrap().insert(name.into(), content);
    }
}

fn answer(objects: &BTreeMap<String, Content>, request: &Request) -> Answer {
    let path = request.path();
    let path = path.trim_start_matches('/');
    if request.query("list-type").is_some() {
        return listing(objects, path.trim_end_matches('/'), &request.query("prefix").unwrap_or_default());
    }
    match objects.get(path) {
        Some(content) => Answer::file(content.clone())
            .with("ETag", format!("\"{}\"", content.md5()))
            .with("Last-Modified", "Thu, 04 Apr 2024 05:06:07 GMT"),
        None => {
            let body = format!("<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Key>{path}</Key></Error>");
            Answer { status: 404, ..Answer::of(Content::from(body), "application/xml") }
        }
    }
}

fn listing(objects: &BTreeMap<String, Content>, bucket: &str, prefix: &str) -> Answer {
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Name>{bucket}</Name><Prefix>{prefix}</Prefix><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>"
    );
    for (name, content) in objects {
        let Some(key) = name.strip_prefix(&format!("{bucket}/")) else { continue };
        if key.starts_with(prefix) {
            xml.push_str(&format!(
                "<Contents><Key>{key}</Key><LastModified>2024-04-04T05:06:07.000Z</LastModified><ETag>&quot;{}&quot;</ETag>\
                 <Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
                content.md5(),
                content.len()
            ));
        }
    }
    xml.push_str("</ListBucketResult>");
    Answer::of(Content::from(xml), "application/xml")
}
