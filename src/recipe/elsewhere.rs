//! Words of other tools, and what does the same here: people come from datatrove, Data-Juicer, NeMo-Curator and dolma
//! with the names they know.

/// Words that start an entry (lower case, `_` for `-` and blanks), and what to use here.
///
/// A word matches an entry that it equals, or that ends with `_` or `*` and that it begins with.
const WORDS: &[(&[&str], &str)] = &[
    (
        &["minhash", "minhash_*", "fuzzy_dedup*", "lsh", "lsh_*", "near_duplicates", "document_minhash*"],
        "near-duplicate documents are found by `near_dedup` (MinHash, every pair verified)",
    ),
    (&["simhash", "document_simhash*"], "fingerprints are compared by `simhash_dedup`"),
    (
        &[
            "dedup",
            "deduplicate",
            "deduplication",
            "document_deduplicator",
            "exact_dedup_*",
            "exact_deduplicat*",
            "hash_dedup",
            "bloom",
            "bloom_*",
        ],
        "rows with the same content are left out by `exact_dedup`; nearly the same ones by `near_dedup`",
    ),
    (
        &["sentence_dedup*", "sent_dedup", "paragraph_dedup*", "line_deduplicat*", "ccnet_dedup"],
        "lines that many rows have are cut by `line_dedup`, longer stretches by `substring_dedup`",
    ),
    (&["suffix_array*", "exact_substr*", "exactsubstr"], "repeated stretches are cut by `substring_dedup`"),
    (
        &[
            "lid",
            "lid176",
            "lang_id",
            "langid",
            "language_id*",
            "language_filter",
            "language_score*",
            "fasttext_lid",
            "glotlid",
            "cld2",
            "cld3",
            "lingua",
        ],
        "language and script are measured by `language`, and a `keep` asks for them: language = [\"zh\"]. It judges by script, and by a model among the languages of a script: model = \"lid176\", once `corpus fetch lid176` has brought it",
    ),
    (
        &["filter", "filters", "length_filter", "text_length_filter", "character_length*", "threshold"],
        "rows are chosen by `keep`, with limits on measured signals: chars = { min = 200 }",
    ),
    (
        &["perplexity_*", "kenlm*", "ccnet", "ppl"],
        "perplexity by an n-gram model is measured by `perplexity`, and a `keep` sets its limit; `corpus train-perplexity` makes a model",
    ),
    (
        &["classifier*", "fasttext*", "quality_classif*", "edu_*", "toxic*"],
        "a model in fastText's format is run by `classify`, and a `keep` sets the limit; `corpus train-quality` makes one; models of other kinds are not run",
    ),
    (
        &[
            "gopher",
            "gopher_*",
            "c4",
            "c4_*",
            "fineweb",
            "fineweb_*",
            "fineweb2*",
            "dclm*",
            "quality_*",
            "repetition*",
            "stopword*",
            "flagged_words*",
        ],
        "`profile` has rules of that kind, published and ours (profile = \"gopher\", \"zh-web\"), `quality` measures what they look at, and `keep` sets limits; models are run by `classify` and `perplexity`",
    ),
    (
        &["token_count*", "tokenize", "tokenizer", "token_num*", "pack", "packing", "sequence_packing"],
        "`tokens` counts them by the tokenizer that it names; `corpus export --to packed` writes token ids, packed",
    ),
    (
        &["html", "trafilatura", "resiliparse", "readability", "justext", "warc", "extract*"],
        "main text is not taken out of web pages here yet: extract it first (trafilatura, resiliparse), and read the text; WET files are read as they are",
    ),
    (
        &["python", "lambda", "lambda_*", "script", "exec", "shell", "pipe", "mapper", "map", "custom", "custom_*"],
        "a program of your own is run by `command`, which takes signals, texts or verdicts from it: command = [\"python3\", \"judge.py\"]",
    ),
    (
        &["pii", "pii_*", "email*", "ip_address*", "anonymi*", "clean_email*", "clean_ip*", "clean_links*"],
        "personal data is masked by `personal_data`, or its rows left out by a `keep`",
    ),
    (
        &[
            "unicode",
            "nfkc",
            "nfc",
            "fix_unicode*",
            "ftfy",
            "whitespace*",
            "punctuation_normal*",
            "clean",
            "text_clean*",
        ],
        "characters are cleaned by `normalize`, class by class; Chinese punctuation stays as it is",
    ),
    (
        &["opencc", "chinese_convert*", "t2s", "s2t", "simplify", "traditional"],
        "scripts are converted by `convert_script`",
    ),
    (
        &["jieba", "segment", "segmentation", "word_segment*", "cut_words"],
        "Chinese words are cut and counted by `words`",
    ),
    (
        &["decontam", "decontamination", "benchmark_*", "ngram_decont*", "overlap"],
        "what evaluation sets hold is taken out by `decontaminate`",
    ),
    (
        &["url_filter*", "blocklist", "blacklist", "domain_filter", "bad_words*"],
        "rows on lists (ids, URLs, domains, content) are left out by `block`",
    ),
    (
        &["sampler", "subsample", "random_sample", "sampling", "head"],
        "a seeded share of the rows stays with `sample`; `--limit N` takes the first N of each source",
    ),
    (
        &["split", "train_test_split", "validation"],
        "rows are held out by a table of the recipe, in whole clusters: [split] with validation = 0.01",
    ),
    (
        &["mixture", "mixing", "blend", "weights", "mixer"],
        "sources are mixed by `weight` and `repeat` of each source and the table [mix]: `corpus explain mix`",
    ),
];

/// What to use here for a word of another tool; `None` where we do not know the word.
pub fn instead(word: &str) -> Option<&'static str> {
    let word = word.trim().to_lowercase().replace(['-', ' '], "_");
    let same = |known: &str| match known.strip_suffix('*') {
        Some(begin) => word.starts_with(begin),
        None => word == known,
    };
    WORDS.iter().find(|(words, _)| words.iter().any(|known| same(known))).map(|(_, sentence)| *sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_tools_lead_to_ours() {
        for (word, ours) in [
            ("minhash", "`near_dedup`"),
            ("minhash_dedup", "`near_dedup`"),
            ("MinHash-LSH", "`near_dedup`"),
            ("lid", "`language`"),
            ("language_score", "`language`"),
            ("sentence_dedup", "`line_dedup`"),
            ("exact_substr", "`substring_dedup`"),
            ("gopher_quality", "`profile`"),
            ("perplexity_filter", "`perplexity`"),
            ("kenlm", "`perplexity`"),
            ("fasttext_lid", "`language`"),
            ("fasttext-quality", "`classify`"),
            ("quality_classifier", "`classify`"),
            ("token_counter", "`tokens` counts"),
            ("pack", "token ids, packed"),
            ("html", "trafilatura"),
            ("python", "`command`"),
        ] {
            assert!(instead(word).is_some_and(|s| s.contains(ours)), "{word}: {:?}", instead(word));
        }
        assert_eq!(instead("exact-dedup"), None);
    }

    #[test]
    fn every_name_of_ours_in_the_table_is_there_and_none_is_an_alias() {
        for (words, sentence) in WORDS {
            let quoted: Vec<&str> = sentence.split('`').skip(1).step_by(2).collect();
            for name in quoted.iter().filter(|n| n.chars().all(|c| c.is_ascii_lowercase() || c == '_')) {
                let known = crate::stages::entry(name).is_some() || ["weight", "repeat"].contains(name);
                assert!(known, "`{name}` in {sentence:?} is no stage");
            }
            for word in *words {
                let word = word.trim_end_matches('*');
                let stage = crate::stages::entry(word).filter(|_| crate::stages::table(word).is_none());
                assert!(stage.is_none(), "`{word}` is a stage of ours");
            }
        }
        assert!(crate::stages::ALL.iter().all(|s| instead(s.name).is_none()), "a stage of ours is taken for another's");
    }
}
