//! What is no data: documents in binary, pictures, archives in archives, pointers to files, pages of the web, markup,
//! subtitles.
//!
//! A glob takes whatever lies in a folder. Such a file makes no row: it is one record that cannot be read (`not_data`),
//! which names what it is and what helps.

mod packings;
pub mod reader;
mod written;

pub use packings::{LZMA, Packing, packing};
pub use written::by_text;

/// The name of the container of such files; it is no word of recipes.
pub const NAME: &str = "not_data";

/// How sure it is of a page: `format = "text"` reads it.
pub const PAGES: f32 = 0.5;
/// How sure it is of binary data of no known kind, and of JSON that is none: any `format` reads it, and so does an `encoding`.
pub const UNKNOWN: f32 = 0.3;

/// What a file is, where it is no data, and what helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// What it is: "a PDF document".
    pub what: &'static str,
    /// What to do about it.
    pub cure: &'static str,
}

impl Kind {
    /// Both, as a person reads them.
    pub fn sentence(self) -> String {
        format!("{}: {}", self.what, self.cure)
    }
}

const EXTRACT: &str = "it is not read as text; take the text out of it first, or leave the file out";
const CONVERT: &str = "it is not read; write it as Parquet or JSON lines first";
const LEAVE: &str = "no text is in it; leave the file out";
const UNPACK: &str = "it is not read; unpack it first, or pack it as zip, tar, gzip, bzip2, xz or zstd";
const NESTED: &str = "archives in archives are not opened; unpack it first";

/// Offset, bytes, what it is, what helps.
type Magic = (usize, &'static [u8], &'static str, &'static str);

/// The first bytes of formats that are no text. Each is long or odd enough that no text begins with it.
const MAGIC: &[Magic] = &[
    (0, b"%PDF-", "a PDF document", EXTRACT),
    (0, b"{\\rtf", "an RTF document", EXTRACT),
    (0, b"%!PS-Adobe", "a PostScript document", EXTRACT),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document (.doc, .xls, .ppt)", EXTRACT),
    (0, b"AT&TFORM", "a DjVu document", EXTRACT),
    (60, b"BOOKMOBI", "a Mobipocket book", EXTRACT),
    (0, b"ITSF", "a compiled HTML help file (.chm)", EXTRACT),
    (0, b"ARROW1\0\0", "an Arrow file", CONVERT),
    (0, b"\xff\xff\xff\xff", "an Arrow stream", CONVERT),
    (0, b"FEA1", "a Feather file", CONVERT),
    (0, b"ORC\x0a", "an ORC file", CONVERT),
    (0, b"ORC\x08", "an ORC file", CONVERT),
    (0, b"Obj\x01", "an Avro file", CONVERT),
    (0, b"SQLite format 3\0", "an SQLite database", CONVERT),
    (0, b"\x93NUMPY", "a NumPy array", CONVERT),
    (0, b"\x89HDF\r\n\x1a\n", "an HDF5 file", CONVERT),
    (0, b"\x80\x02", "a Python pickle", CONVERT),
    (0, b"\x80\x03", "a Python pickle", CONVERT),
    (0, b"\x80\x04\x95", "a Python pickle", CONVERT),
    (0, b"\x80\x05\x95", "a Python pickle", CONVERT),
    (0, b"SEQ\x06", "a Hadoop sequence file", CONVERT),
    (0, b"GGUF", "weights of a model (GGUF)", LEAVE),
    (0, b"\x89PNG\r\n\x1a\n", "a picture (PNG)", LEAVE),
    (0, b"\xff\xd8\xff", "a picture (JPEG)", LEAVE),
    (0, b"GIF87a", "a picture (GIF)", LEAVE),
    (0, b"GIF89a", "a picture (GIF)", LEAVE),
    (0, b"II*\0", "a picture (TIFF)", LEAVE),
    (0, b"MM\0*", "a picture (TIFF)", LEAVE),
    (8, b"WEBPVP8", "a picture (WebP)", LEAVE),
    (8, b"WAVEfmt ", "sound (WAV)", LEAVE),
    (8, b"AVI LIST", "a film (AVI)", LEAVE),
    (4, b"ftyp", "a film or sound (MP4)", LEAVE),
    (0, b"\x1a\x45\xdf\xa3", "a film (Matroska)", LEAVE),
    (0, b"ID3\x02\0", "sound (MP3)", LEAVE),
    (0, b"ID3\x03\0", "sound (MP3)", LEAVE),
    (0, b"ID3\x04\0", "sound (MP3)", LEAVE),
    (0, b"fLaC\0\0\0", "sound (FLAC)", LEAVE),
    (0, b"OggS\0", "sound (Ogg)", LEAVE),
    (0, b"\x7fELF", "a program", LEAVE),
    (0, b"\xca\xfe\xba\xbe\0", "a program (Java)", LEAVE),
    (0, b"\0asm", "a program (WebAssembly)", LEAVE),
    (0, b"wOFF", "a font", LEAVE),
    (0, b"wOF2", "a font", LEAVE),
    (0, b"\0\x01\0\0\0", "a font", LEAVE),
    (0, b"bplist00", "a property list", LEAVE),
    (0, b"\0\0\0\x01Bud1", "a folder's settings (.DS_Store)", LEAVE),
    (0, b"\0\x05\x16\x07", "attributes that macOS keeps beside a file (AppleDouble)", LEAVE),
    (257, b"ustar", "a tar archive in an archive", NESTED),
];

/// What the first decoded bytes of a file tell, if it is nothing that holds rows.
pub fn by_bytes(head: &[u8]) -> Option<Kind> {
    if head.starts_with(b"PK\x03\x04") {
        return Some(zipped(head));
    }
    if let Some(kind) = pointer(head) {
        return Some(kind);
    }
    if head.iter().all(|b| *b == 0) && !head.is_empty() {
        let cure = "an archive without members, or a file that was never written; fetch it again, or leave it out";
        return Some(Kind { what: "nothing but NUL bytes", cure });
    }
    if let Some(packing) = packing(head) {
        return Some(Kind { what: packing.what, cure: UNPACK });
    }
    let found = MAGIC.iter().find(|m| head.get(m.0..).is_some_and(|rest| rest.starts_with(m.1)))?;
    Some(Kind { what: found.2, cure: found.3 })
}

/// A document that is a zip of parts: the names of the first ones stand in its first bytes.
fn zipped(head: &[u8]) -> Kind {
    let has = |part: &[u8]| memchr::memmem::find(head, part).is_some();
    let (what, cure) = if has(b"mimetypeapplication/epub+zip") {
        ("an EPUB book", EXTRACT)
    } else if has(b"mimetypeapplication/vnd.oasis") {
        ("an OpenDocument file", EXTRACT)
    } else if has(b"word/") {
        ("a Word document (.docx)", EXTRACT)
    } else if has(b"xl/") {
        ("an Excel workbook (.xlsx)", CONVERT)
    } else if has(b"ppt/") {
        ("a PowerPoint presentation (.pptx)", EXTRACT)
    } else if has(b"[Content_Types].xml") {
        ("an Office document", EXTRACT)
    } else if has(b"META-INF/MANIFEST.MF") {
        ("a program (Java)", LEAVE)
    } else {
        ("a zip archive in an archive", NESTED)
    };
    Kind { what, cure }
}

/// Whether an archive is in truth a document or a program, by the names of its members.
pub fn is_document<'n>(mut names: impl Iterator<Item = &'n str>) -> bool {
    names.any(|name| matches!(name, "[Content_Types].xml" | "mimetype" | "META-INF/MANIFEST.MF"))
}

/// A small file that stands in the place of a large one.
fn pointer(head: &[u8]) -> Option<Kind> {
    let lines = |first: &[u8], second: &[u8]| {
        head.len() < 4096 && head.starts_with(first) && memchr::memmem::find(head, second).is_some()
    };
    if lines(b"version https://git-lfs.github.com/spec/", b"\noid ")
        || lines(b"version https://hawser.github.com/spec/", b"\noid ")
    {
        let cure = "the data itself is not here; run `git lfs pull` in its folder, or fetch the set again";
        return Some(Kind { what: "a pointer of Git LFS", cure });
    }
    let annexed = head.len() < 1024 && head.starts_with(b"/annex/objects/");
    annexed.then_some(Kind {
        what: "a pointer of git-annex",
        cure: "the data itself is not here; run `git annex get` in its folder",
    })
}

/// A file called JSON in which there is none.
pub const NO_JSON: Kind = Kind {
    what: "a file that is called JSON and holds none",
    cure: "no line of it is an object or a list; write it anew as JSON lines, or say `format = \"text\"` to read it as it is",
};

/// Bytes that are neither text nor anything known.
pub const BINARY: Kind = Kind {
    what: "binary data of a kind that is not known",
    cure: "it does not look like text; leave the file out, or say `encoding` or `format` if it is text after all",
};

/// Names of files that stand beside data in a folder, and tell of it: where a source has data, these are none of it.
pub fn tells_of_data(name: &str) -> bool {
    let file = name.rsplit(['/', '!']).next().unwrap_or(name).to_ascii_lowercase();
    let stem = file.split('.').next().unwrap_or("");
    let telling = ["readme", "license", "licence", "copying", "notice", "citation", "changelog", "contributing"];
    telling.iter().any(|t| stem == *t || stem.strip_prefix(t).is_some_and(|rest| rest.starts_with(['_', '-'])))
        || matches!(file.as_str(), ".gitattributes" | ".gitignore" | "dataset_infos.json" | "dataset_info.json")
        || matches!(file.as_str(), "requirements.txt" | "desktop.ini" | "thumbs.db")
        || ["md5sums", "sha1sums", "sha256sums", "sha512sums", "checksums"].contains(&stem)
        // What editors and people keep of a file before they change it.
        || ["~", ".bak", ".swp", ".md5", ".sha256"].iter().any(|end| file.ends_with(end))
        || [".py", ".sh", ".ipynb", ".yaml", ".yml", ".toml"].iter().any(|end| file.ends_with(end))
}

/// Whether the recipe asks for the rows of a file all the same.
pub fn is_asked_for(confidence: f32, format: Option<&str>, encoding: Option<&str>) -> bool {
    if confidence <= UNKNOWN {
        return format.is_some() || encoding.is_some();
    }
    confidence <= PAGES && format == Some("text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_named() {
        let zip = |name: &str| [b"PK\x03\x04\x14\0\0\0\0\0".as_slice(), name.as_bytes()].concat();
        let tar = [vec![b'a'; 100], vec![0; 157], b"ustar\0".to_vec()].concat();
        let cases: [(Vec<u8>, &str); 10] = [
            (vec![0; 10_240], "NUL bytes"),
            (b"%PDF-1.7\n1 0 obj".to_vec(), "PDF"),
            (zip("[Content_Types].xmlword/document.xml"), "Word"),
            (zip("mimetypeapplication/epub+zip"), "EPUB"),
            (zip("roman.txt"), "zip archive in"),
            (tar, "tar archive in"),
            (b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 9\n".to_vec(), "git lfs pull"),
            (b"\x04\x22\x4d\x18\x64".to_vec(), "lz4"),
            (b"SQLite format 3\0".to_vec(), "SQLite"),
            (b"\x93NUMPY\x01\0".to_vec(), "NumPy"),
        ];
        for (head, word) in cases {
            let kind = by_bytes(&head).unwrap_or_else(|| panic!("{word} is not known"));
            assert!(kind.sentence().contains(word), "{}", kind.sentence());
        }
        for text in ["Orchids grow slowly.", "PKU is in Beijing.", "version 2 of the story", "GIF is a format."] {
            assert_eq!(by_bytes(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn files_beside_data_are_known_by_name() {
        for name in ["set/README.md", "README_zh.md", "a.zip!LICENSE", ".gitattributes", "load.py", "LICENSE-2.0.txt"] {
            assert!(tells_of_data(name), "{name}");
        }
        for name in ["readmes.jsonl", "train.jsonl", "notices/a.txt", "licensed.txt"] {
            assert!(!tells_of_data(name), "{name}");
        }
    }
}
