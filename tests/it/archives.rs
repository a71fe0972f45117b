//! Archives are read on all cores, and give what their members give.

use std::io::Write;

use crate::harness::{Scratch, files_under, json_lines, same_files, same_output};

const RECIPE: &str = "name='a'\nabout='x'\n[[source]]\nname='s'\npath=['PATH']\nuse='pretrain'\nfields={text='text'}\n\
    [[stage]]\nrun='keep'\nchars={min=40}\n";

/// A member and its bytes: rows in several files, large and small, one of them compressed itself.
fn members() -> Vec<(&'static str, Vec<u8>)> {
    let lines = json_lines(1200);
    let lines: Vec<&str> = lines.split_inclusive('\n').collect();
    let array = |from: usize, to: usize| format!("[\n{}]\n", lines[from..to].join(",")).into_bytes();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(lines[900..].concat().as_bytes()).unwrap();
    vec![
        ("a/1.jsonl", [b"\xEF\xBB\xBF".to_vec(), lines[..400].concat().into_bytes()].concat()),
        ("a/2.jsonl", lines[400..403].concat().into_bytes()),
        ("b/3.json", array(403, 800)),
        ("b/4.jsonl", format!("{}not json\n{}", lines[800], lines[801..900].concat()).into_bytes()),
        ("b/5.jsonl.gz", gz.finish().unwrap()),
    ]
}

pub fn tar(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    tar.into_inner().unwrap()
}

pub fn zip(members: &[(&str, Vec<u8>)], method: zip::CompressionMethod) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in members {
        zip.start_file(*name, zip::write::SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let stream = |part: &[u8]| {
        let mut bz = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        bz.write_all(part).unwrap();
        bz.finish().unwrap()
    };
    bytes.chunks(100_000).flat_map(stream).collect()
}

#[test]
fn an_archive_gives_what_its_members_give() {
    let scratch = Scratch::new();
    let all = members();
    for (name, bytes) in &all {
        scratch.write(&format!("plain/{name}"), bytes);
    }
    scratch.write("all.tar", tar(&all));
    scratch.write("all.tar.gz", gzip(&tar(&all)));
    scratch.write("all.tar.bz2", bzip2(&tar(&all)));
    scratch.write("all.zip", zip(&all, zip::CompressionMethod::Deflated));
    scratch.write("stored.zip", zip(&all, zip::CompressionMethod::Stored));
    let data = |built: &crate::harness::Built| {
        built.check_accounts();
        assert_eq!((built.total("read"), built.total("unreadable")), (1201, 1));
        let mut bytes = built.bytes();
        bytes.retain(|name, _| name.starts_with("data"));
        (bytes, built.column("unreadable", "line"), built.column("unreadable", "head"))
    };
    scratch.write("recipe.toml", RECIPE.replace("PATH", "plain"));
    let plain = data(&scratch.build("plain-out", &[]));
    for path in ["all.tar", "all.tar.gz", "all.tar.bz2", "all.zip", "stored.zip"] {
        scratch.write("recipe.toml", RECIPE.replace("PATH", path));
        for (threads, unit) in [("1", "64MiB"), ("4", "16KiB")] {
            let out = format!("{path}-{threads}");
            let built = scratch.build(&out, &["--threads", threads, "--unit", unit, "--keep-work"]);
            let what = format!("{path} with {threads} threads and units of {unit}");
            let (bytes, lines, heads) = data(&built);
            same_files(&plain.0, &bytes, &what);
            assert_eq!((&plain.1, &plain.2), (&lines, &heads), "{what}");
            let units = files_under(&scratch.path(&out).join(".work"))
                .iter()
                .filter(|p| {
                    p.parent().unwrap().to_string_lossy().contains("/scan-")
                        && p.extension().is_some_and(|e| e == "parquet")
                })
                .count();
            assert_eq!(units > 8, unit == "16KiB", "{units} units of {path} in units of {unit}");
        }
        // A copy that is gone is made again where rows are read again, and not where they are not.
        if !matches!(path, "all.tar.gz" | "all.zip") {
            continue;
        }
        let out = format!("{path}-4");
        let copies = || files_under(&scratch.path(&out).join(".work/unpacked")).len();
        std::fs::remove_dir_all(scratch.path(&out).join(".work/unpacked")).ok();
        let again = ["--threads", "2", "--unit", "16KiB", "--keep-work"];
        scratch.write("recipe.toml", RECIPE.replace("PATH", path).replace("40", "60"));
        assert!(scratch.build(&out, &again).total("dropped") > 0);
        assert_eq!(copies(), 0, "{path}");
        let recipe = RECIPE.replace("PATH", path).replace("[[stage]]", "[[stage]]\nrun='normalize'\n[[stage]]");
        scratch.write("recipe.toml", recipe);
        scratch.build(&out, &again).check_accounts();
        assert!(copies() > 0, "{path}");
    }
}

#[test]
fn broken_archives_are_rows_that_cannot_be_read() {
    let scratch = Scratch::new();
    let all = members();
    let packed = gzip(&tar(&all));
    // Cut as it lies: the rows before the cut are read.
    scratch.write("cut.tar.gz", &packed[..packed.len() / 2]);
    // Cut before it was compressed: the rows before are read.
    scratch.write("cut.tar", &tar(&all)[..60_000]);
    scratch.write("within.tar.gz", gzip(&tar(&all)[..60_000]));
    // The checksum of the first member is wrong: its rows come out, and then the break.
    let mut zipped = zip(&all, zip::CompressionMethod::Stored);
    let at = zipped.windows(8).position(|w| w == b"\"text\":\"").unwrap() + 12;
    zipped[at] ^= 1;
    scratch.write("sum.zip", zipped);
    for (path, read, unreadable) in
        [("cut.tar.gz", 0, 1), ("cut.tar", 0, 1), ("within.tar.gz", 0, 1), ("sum.zip", 1202, 2)]
    {
        scratch.write("recipe.toml", format!("{}[input]\nmax_unreadable=1.0\n", RECIPE.replace("PATH", path)));
        for threads in ["1", "4"] {
            let out = format!("{path}-{threads}");
            let built = scratch.build(&out, &["--threads", threads, "--unit", "16KiB"]);
            built.check_accounts();
            let reasons = built.column("unreadable", "reason");
            let rows = if read > 0 { read } else { built.total("read") };
            assert!(rows > 100 || unreadable == rows, "{path}");
            assert_eq!((built.total("read"), built.total("unreadable")), (rows, unreadable), "{path}: {reasons:?}");
        }
        same_output(&scratch.built(&format!("{path}-1")), &scratch.built(&format!("{path}-4")), path);
    }
}
