use crate::output::tokens::Packing;
use crate::recipe::{Export, Ids, Template, read};
use crate::rows::split::Split;

#[test]
fn exports_of_token_ids_are_read_and_their_mistakes_told() {
    let source = "[[source]]\nname = 'd'\npath = 'd.jsonl'\n";
    let of = |export: &str| read(&format!("{source}[[export]]\n{export}"), "r.toml".as_ref(), ".".as_ref(), &[]);
    let full = "to = 'packed'\ntokenizer = 't.json'\nseq_length = 4_096\npacking = 'cut'\neos = '</s>'\n";
    let ids = Ids {
        tokenizer: "t.json".into(),
        seq_length: Some(4096),
        packing: Some(Packing::Cut),
        eos: Some("</s>".into()),
        ..Ids::default()
    };
    assert_eq!(of(full).unwrap().exports[0].ids, Some(ids));
    let plain = of("to = 'megatron'\ntokenizer = 't.json'\n").unwrap();
    let ids = Ids { tokenizer: "t.json".into(), ..Ids::default() };
    assert_eq!((plain.exports[0].ids.clone(), plain.exports[0].out.as_str()), (Some(ids), "exports/megatron"));
    for (export, says) in [
        ("to = 'packed'\nseq_length = 8\n", "`packed` holds token ids, and no tokenizer is named"),
        ("to = 'packed'\ntokenizer = 't.json'\n", "their length is not said"),
        ("to = 'packed'\ntokenizer = 't.json'\nseq_length = 0\n", "`seq_length` should be at least 1"),
        ("to = 'packed'\ntokenizer = 't.json'\nseq_length = 4_294_967_296\n", "should be below 4,294,967,296"),
        ("to = 'mds'\ntokenizer = 't.json'\nseq_length = 8\npacking = 'best-fit'\n", "`best-fit` is no `packing`"),
        ("to = 'megatron'\ntokenizer = 't.json'\nseq_length = 8\n", "`megatron` takes whole documents: `seq_length`"),
        ("to = 'megatron'\ntokenizer = 't.json'\npacking = 'cut'\n", "takes whole documents: `packing` does nothing"),
        ("to = 'megatron'\ntokenizer = 7\n", "`tokenizer` should be text, but is"),
        ("to = 'megatron'\ntokenizer = 't.json'\nuse = 'rlhf'\n", "`megatron` has no place for rlhf rows"),
        ("to = 'megatron'\ntokenizer = 't.json'\nstrict = true\n", "`megatron` holds token ids: `strict` does nothing"),
        ("to = 'trl'\ntokenizer = 't.json'\n", "`trl` holds text: `tokenizer` does nothing there"),
        ("to = 'trl'\neos = '</s>'\n", "`trl` holds text: `eos` does nothing there"),
        ("to = 'pakced'\n", "did you mean `packed`?"),
    ] {
        let refusal = of(export).unwrap_err().to_string();
        assert!(refusal.contains(says), "{export}: {refusal}");
    }
}

#[test]
fn exports_of_dialogues_are_read_and_their_mistakes_told() {
    let source = "[[source]]\nname = 'd'\npath = 'd.jsonl'\n";
    let of = |export: &str| read(&format!("{source}{export}"), "r.toml".as_ref(), ".".as_ref(), &[]);
    let one = |export: &str| of(&format!("[[export]]\n{export}")).map(|recipe| recipe.exports[0].clone());
    let keys =
        "template = 'chat.jinja'\ntemplate_options = { enable_thinking = false, n = [1, 'a'] }\ndate = 2026-11-29\n";
    let full = one(&format!("to = 'dpo'\ntokenizer = 't.json'\nseq_length = 64\nstrict = true\n{keys}")).unwrap();
    let ids = Ids {
        tokenizer: "t.json".into(),
        seq_length: Some(64),
        template: Some(Template::File("chat.jinja".into())),
        template_options: Some(serde_json::json!({"enable_thinking": false, "n": [1, "a"]})),
        date: Some("2026-11-29".into()),
        ..Ids::default()
    };
    assert_eq!((full.ids.as_ref(), full.strict), (Some(&ids), true));
    assert_eq!(full.takes(), [crate::rows::Use::Rlhf]);
    let packed = |more: &str| one(&format!("to = 'packed'\ntokenizer = 't.json'\nseq_length = 8\n{more}"));
    let template = |made: Export| made.ids.unwrap().template;
    assert_eq!(template(packed("template = true").unwrap()), Some(Template::Beside(true)));
    assert_eq!(template(packed("template = false").unwrap()), None);
    let split = "[split]\nvalidation = 0.1\n[[export]]\nto = 'trl'\nsplit = 'validation'\n";
    let split = of(split).unwrap().exports[0].clone();
    assert_eq!((split.split, split.out.as_str()), (Some(Split::Validation), "exports/trl-validation"));
    for (export, says) in [
        (
            "to = 'dpo'\ntokenizer = 't.json'\nseq_length = 8\n",
            "`dpo` holds dialogues, and no chat template writes them",
        ),
        (
            "to = 'dpo'\ntokenizer = 't.json'\ntemplate = true\n",
            "`dpo` does not cut rows, and how long they may be is not said",
        ),
        (
            "to = 'kto'\ntokenizer = 't.json'\nseq_length = 8\ntemplate = true\npacking = 'cut'\n",
            "`kto` does not pack rows: `packing` does nothing there",
        ),
        ("to = 'megatron'\ntokenizer = 't.json'\ntemplate = true\n", "`megatron` has no place for dialogues"),
        (
            "to = 'megatron'\ntokenizer = 't.json'\ndate = '2026-11-29'\n",
            "no chat template writes this export: `date` does nothing there",
        ),
        (
            "to = 'packed'\ntokenizer = 't.json'\nseq_length = 8\ntemplate = true\neos = '</s>'\n",
            "the chat template writes how dialogues end: `eos` does nothing there",
        ),
        (
            "to = 'packed'\ntokenizer = 't.json'\nseq_length = 8\ntemplate = true\npacking = 'cut'\n",
            "dialogues are not cut",
        ),
        (
            "to = 'packed'\ntokenizer = 't.json'\nseq_length = 8\ntemplate = true\nuse = 'pretrain'\n",
            "`packed` has no place for pretrain rows",
        ),
        (
            "to = 'packed'\ntokenizer = 't.json'\nseq_length = 8\ntemplate = true\ndate = '2026-13-29'\n",
            "`2026-13-29` is no day",
        ),
        (
            "to = 'packed'\ntokenizer = 't.json'\nseq_length = 8\ntemplate = 7\n",
            "`template` should be a file, or true for the one beside the tokenizer, but is a whole number",
        ),
        (
            "to = 'packed'\ntokenizer = 't.json'\nseq_length = 8\ntemplate = true\ntemplate_options = '{}'\n",
            "`template_options` should be a table",
        ),
        (
            "to = 'megatron'\ntokenizer = 't.json'\nshard_tokens = 8\n",
            "`megatron` writes one file: `shard_tokens` does nothing there",
        ),
        (
            "to = 'packed'\ntokenizer = 't.json'\nseq_length = 8\nshard_tokens = 7\n",
            "a file of `packed` has no place for 7 tokens",
        ),
        ("to = 'trl'\ntemplate = true\n", "`trl` holds text: `template` does nothing there"),
        ("to = 'trl'\nsplit = 'test'\n", "the recipe holds nothing out"),
        ("to = 'trl'\nsplit = 'dev'\n", "`dev` is no `split`"),
    ] {
        let refusal = one(export).unwrap_err().to_string();
        assert!(refusal.contains(says), "{export}: {refusal}");
    }
}
