//! Golden bytes of what a small vocabulary does not show: wide ids, and files that are full.

use std::path::PathBuf;

use super::{Packing, Sequence, Sheet, Width, Writer, layout};
use crate::models::tokenizer::Tokenizer;
use crate::output::export::folder::Staging;

fn tiny() -> Tokenizer {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "models", "tiny-tokenizer.json"].iter().collect();
    Tokenizer::read(&path).unwrap()
}

/// What a layout writes of these documents, with ids of this width.
fn written(name: &str, width: Width, documents: &[&[u32]]) -> Vec<(String, Vec<u8>)> {
    let (folder, tokenizer) = (tempfile::tempdir().unwrap(), tiny());
    let end = Some(("<|endoftext|>".to_owned(), 480));
    let sheet = Sheet {
        tokenizer: &tokenizer,
        named: "t.json",
        sha256: "",
        end,
        chat: None,
        packed: Some((Packing::Cut, 3)),
        limit: Some(3),
        width,
        shard: None,
    };
    let staging = Staging::new(&folder.path().join("out")).unwrap();
    let mut writer = layout(name).unwrap().writer(&sheet, &staging).unwrap();
    for ids in documents {
        writer.sequence(&Sequence { ids, lengths: &[ids.len() as u32], value: None }).unwrap();
    }
    let files = writer.close().unwrap().files;
    staging.publish(b"{}\n").unwrap();
    let read = |path: &str| std::fs::read(folder.path().join("out").join(path)).unwrap();
    files.iter().map(|file| (file.path.clone(), read(&file.path))).collect()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn a_large_vocabulary_has_wide_ids() {
    let widths = |name: &str| [65_499, 65_500, 65_536, 65_537].map(|v| layout(name).unwrap().width(v).numpy());
    assert_eq!(widths("megatron"), ["uint16", "int32", "int32", "int32"]);
    assert_eq!(widths("nanogpt"), ["uint16", "uint16", "uint16", "uint32"]);
    assert_eq!(widths("datatrove"), ["uint16", "uint16", "uint16", "uint32"]);
    assert_eq!(widths("packed"), ["int32"; 4]);
    let documents: [&[u32]; 2] = [&[1, 2, 151_643], &[70_000]];
    let ids = words(&[1, 2, 151_643, 70_000]);
    assert_eq!(written("nanogpt", Width::U32, &documents)[0].1, ids);
    let files = written("datatrove", Width::U32, &documents);
    assert_eq!((&files[0].1, files[2].1.as_slice()), (&ids, &b"t.json|4\n4\n4.00 T"[..]));
    let files = written("llmc", Width::U32, &documents);
    assert_eq!(files[0].1[..12], words(&[20_240_801, 7, 4]));
    assert_eq!(files[0].1[1024..], ids);
    let files = written("megatron", Width::I32, &documents);
    assert_eq!((files[0].0.as_str(), &files[0].1), ("corpus_text_document.bin", &ids));
    let index = [
        &b"MMIDIDX\0\0\x01\0\0\0\0\0\0\0\x04"[..],
        &words(&[2, 0, 3, 0]),
        &words(&[3, 1]),
        &words(&[0, 0, 12, 0]),
        &words(&[0, 0, 1, 0, 2, 0]),
    ];
    assert_eq!(files[1].1, index.concat());
}

#[test]
fn without_rows_there_is_an_index_of_none() {
    let files = written("mds", Width::I32, &[]);
    assert_eq!(files[0].1, b"{\"shards\": [], \"version\": 2}");
    let files = written("megatron", Width::I32, &[]);
    assert_eq!((files[0].1.len(), files[1].1.len()), (0, 34 + 8));
    let files = written("litdata", Width::I32, &[]);
    assert!(files[0].1.starts_with(b"{\"chunks\": [], \"config\": {"));
    let files = written("packed", Width::I32, &[]);
    let index: serde_json::Value = serde_json::from_slice(&files[0].1).unwrap();
    assert_eq!((files.len(), &index["shards"]), (1, &serde_json::json!([])));
}

/// A sample of more than 255 tokens says its size in two bytes, and short ones are not written.
#[test]
fn sizes_of_arrays() {
    let full: Vec<u32> = (0..300).collect();
    let files = written("mds", Width::I32, &[&full, &[1, 2]]);
    let shard = &files[0].1;
    assert_eq!(shard[..4], words(&[1]));
    let from = u32::from_le_bytes(shard[4..8].try_into().unwrap()) as usize;
    assert_eq!(shard[from..from + 7], [&words(&[1_203])[..], &[5, 44, 1]].concat());
    assert_eq!(shard[from + 7..], words(&full));
}

/// What litdata 0.2.76 writes of these with `BinaryWriter(chunk_size=5, item_loader=TokensLoader())`; `updated_at` apart.
#[test]
fn chunks_hold_whole_documents() {
    let folder = tempfile::tempdir().unwrap();
    let staging = Staging::new(&folder.path().join("out")).unwrap();
    let mut chunks = super::litdata::Chunks::new(&staging, 5);
    for ids in [&[1, 2, 3][..], &[4, 5], &[65_000], &[1, 2, 3, 4, 5, 6, 7], &[8]] {
        chunks.sequence(&Sequence { ids, lengths: &[ids.len() as u32], value: None }).unwrap();
    }
    Box::new(chunks).close().unwrap();
    staging.publish(b"{}\n").unwrap();
    let read = |name: &str| std::fs::read(folder.path().join("out").join(name)).unwrap();
    assert_eq!(read("chunk-0-0.bin"), words(&[2, 16, 28, 36, 1, 2, 3, 4, 5]));
    assert_eq!(read("chunk-0-1.bin"), words(&[1, 12, 16, 65_000]));
    assert_eq!(read("chunk-0-2.bin"), words(&[1, 12, 40, 1, 2, 3, 4, 5, 6, 7]));
    assert_eq!(read("chunk-0-3.bin"), words(&[1, 12, 16, 8]));
    let index = String::from_utf8(read("index.json")).unwrap();
    let (index, updated) = index.split_once(", \"updated_at\": ").unwrap();
    let chunks = "{\"chunks\": [{\"chunk_bytes\": 36, \"chunk_size\": 2, \"dim\": 5, \"filename\": \"chunk-0-0.bin\"}, \
                  {\"chunk_bytes\": 16, \"chunk_size\": 1, \"dim\": 1, \"filename\": \"chunk-0-1.bin\"}, \
                  {\"chunk_bytes\": 40, \"chunk_size\": 1, \"dim\": 7, \"filename\": \"chunk-0-2.bin\"}, \
                  {\"chunk_bytes\": 16, \"chunk_size\": 1, \"dim\": 1, \"filename\": \"chunk-0-3.bin\"}], ";
    let config = r#""config": {"chunk_bytes": null, "chunk_size": 5, "compression": null, "compression_batch_size": null, "compression_level": null, "data_format": ["no_header_tensor:16"], "data_spec": "[1, {\"type\": null, \"context\": null, \"children_spec\": []}]", "encryption": null, "ipc_compression": null, "item_loader": "TokensLoader", "types": "tensor"}"#;
    assert_eq!(index, format!("{chunks}{config}"));
    assert_eq!(updated.len(), 64 + 3, "a hash of the chunks");
}

#[test]
fn a_file_that_is_full_is_followed_by_another() {
    let folder = tempfile::tempdir().unwrap();
    let staging = Staging::new(&folder.path().join("out")).unwrap();
    let mut files = super::llmc::Files::new(&staging, Width::U16, 4);
    files.sequence(&Sequence { ids: &[1, 2, 3], lengths: &[3], value: None }).unwrap();
    files.sequence(&Sequence { ids: &[4, 5, 6, 7, 8, 9], lengths: &[6], value: None }).unwrap();
    let sizes: Vec<u64> = Box::new(files).close().unwrap().files.iter().map(|f| f.bytes).collect();
    assert_eq!(sizes, [1024 + 8, 1024 + 8, 1024 + 2]);
}

/// Rows and tokens of the files of a layout whose files have six tokens, of sequences of three.
fn shards(name: &str, documents: &[&[u32]]) -> Vec<(u64, u64)> {
    let (folder, tokenizer) = (tempfile::tempdir().unwrap(), tiny());
    let layout = layout(name).unwrap();
    let packed = (!layout.packings().is_empty()).then_some((Packing::Cut, 3));
    let named = (&tokenizer, "t.json", "");
    let sheet = Sheet::new(layout, named, Some("<|endoftext|>"), (packed.map(|p| p.0), packed.map(|p| p.1)), None);
    let sheet = sheet.unwrap().with_shards(layout, Some(6)).unwrap();
    let staging = Staging::new(&folder.path().join("out")).unwrap();
    let mut writer = layout.writer(&sheet, &staging).unwrap();
    for ids in documents {
        writer.sequence(&Sequence { ids, lengths: &[ids.len() as u32], value: None }).unwrap();
    }
    let done = writer.close().unwrap();
    let there = |path: &str| done.files.iter().any(|file| file.path == path);
    assert!(done.shards.iter().all(|shard| there(&shard.path)), "{:?}", done.shards);
    done.shards.iter().map(|shard| (shard.rows, shard.tokens)).collect()
}

#[test]
fn files_have_the_tokens_that_were_asked_for() {
    let documents: [&[u32]; 5] = [&[1, 2, 3], &[4, 5, 6], &[7, 8, 9], &[10, 11, 12], &[13, 14, 15]];
    for name in ["packed", "mds", "llmc", "litdata", "datatrove"] {
        assert_eq!(shards(name, &documents), [(2, 6), (2, 6), (1, 3)], "{name}");
    }
    // A document lies on both sides of a border, where the layout has places for that; else it ends the file.
    let uneven: [&[u32]; 3] = [&[1, 2, 3, 4], &[5, 6, 7, 8], &[9, 10, 11, 12, 13, 14, 15, 16]];
    assert_eq!(shards("llmc", &uneven), [(2, 6), (1, 6), (0, 4)]);
    assert_eq!(shards("litdata", &uneven), [(2, 6), (1, 6), (0, 4)]);
    assert_eq!(shards("datatrove", &uneven), [(2, 8), (1, 8)]);
    let (folder, tokenizer) = (tempfile::tempdir().unwrap(), tiny());
    let staging = Staging::new(&folder.path().join("out")).unwrap();
    let mut lists = super::columns::Lists::new(&staging, &["a_ids", "b_ids"], None, 6);
    for _ in 0..3 {
        lists.sequence(&Sequence { ids: &[1, 2, 3, 4], lengths: &[1, 3], value: None }).unwrap();
    }
    let shards: Vec<(u64, u64)> = Box::new(lists).close().unwrap().shards.iter().map(|s| (s.rows, s.tokens)).collect();
    assert_eq!(shards, [(2, 8), (1, 4)]);
    let refused = |name: &str, tokens: u64| {
        let layout = layout(name).unwrap();
        let packed = (!layout.packings().is_empty()).then_some(64);
        let sheet = Sheet::new(layout, (&tokenizer, "t.json", ""), Some("<|endoftext|>"), (None, packed), None);
        sheet.unwrap().with_shards(layout, Some(tokens)).err().unwrap().to_string()
    };
    assert!(refused("megatron", 100).contains("writes all ids into one file"));
    assert!(refused("packed", 63).contains("a file of `packed` has no place for 63 tokens"));
    assert!(refused("mds", 1 << 24).contains("has no place for 16777216 tokens"));
}
