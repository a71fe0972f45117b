use std::io::Write;

use super::*;

fn text(path: &Path, name: &str) -> String {
    let mut text = String::new();
    open(path, name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn reads_members_of_zip_and_compressed_tar() {
    let folder = tempfile::tempdir().unwrap();
    let zipped = folder.path().join("a.zip");
    let mut zip = zip::ZipWriter::new(File::create(&zipped).unwrap());
    for (name, method) in [("x/一.txt", zip::CompressionMethod::Deflated), ("二.txt", zip::CompressionMethod::Stored)]
    {
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        zip.start_file(name, options).unwrap();
        zip.write_all(name.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    let names: Vec<_> = members(&zipped, Compression::None).unwrap().unwrap().into_iter().map(|m| m.name).collect();
    assert_eq!(names, ["x/一.txt", "二.txt"]);
    names.iter().for_each(|name| assert_eq!(text(&zipped, name), *name));

    let tarred = folder.path().join("a.tar.gz");
    let gz = flate2::write::GzEncoder::new(File::create(&tarred).unwrap(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gz);
    for name in ["a.txt", "b/c.txt"] {
        let mut header = tar::Header::new_gnu();
        header.set_size(name.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, name.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap();
    let found = members(&tarred, Compression::Gzip).unwrap().unwrap();
    assert_eq!(found.len(), 2);
    found.iter().for_each(|m| assert_eq!(text(&tarred, &m.name), m.name));
}
