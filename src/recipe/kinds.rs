//! The kinds of problems that a recipe can have: the one table of their ids, which are stable and never used twice.
//!
//! `R001` to `R099` are of the recipe's text, and each has an example that is wrong in this way alone, and the same put
//! right (a test reads both). `R100` and up are of the files that the recipe reads. `corpus check` prints the id with
//! each problem, `corpus explain R041` the row of this table, and `docs/problems.md` is generated from it.

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The kind.
    pub kind: Kind,
    /// The stable id: `R041`.
    pub id: &'static str,
    /// The wider class, a stable word for programs: `unknown_key`, `value`, `input`, ….
    pub code: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// What it means, and the cure.
    pub about: &'static str,
    /// A part of a recipe that has this problem; empty where a file has it.
    pub wrong: &'static str,
    /// The same without it.
    pub right: &'static str,
}

macro_rules! kinds {
    ($($id:literal $kind:ident $code:literal $title:literal $about:literal $(wrong $wrong:literal right $right:literal)?)*) => {
        /// A kind of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            $(#[doc = $title] $kind),*
        }

        /// All kinds, by id.
        pub const ALL: &[Row] = &[$(Row {
            kind: Kind::$kind, id: $id, code: $code, title: $title, about: $about,
            wrong: concat!("" $(, $wrong)?), right: concat!("" $(, $right)?),
        }),*];
    };
}

impl Kind {
    /// Its row of the table.
    pub fn row(self) -> &'static Row {
        // The table has its rows in the order of the enum: one macro writes both.
        &ALL[self as usize]
    }
}

impl Row {
    /// All there is to say: what it means, and an example of it, wrong and right. Markdown, as `explain` lays it out.
    pub fn docs(&self) -> String {
        if self.wrong.is_empty() {
            return self.about.to_owned();
        }
        let (about, wrong, right) = (self.about, self.wrong.trim_end(), self.right.trim_end());
        format!("{about}\n\n# Wrong\n\n```text\n{wrong}\n```\n\n# Right\n\n```text\n{right}\n```")
    }
}

/// The page `docs/problems.md`, which a test holds against this table.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for row in ALL {
        let docs = row.docs().replace("\n# Wrong\n", "\nWrong:\n").replace("\n# Right\n", "\nRight:\n");
        page += &format!("\n## {}: {}\n\nCode `{}`. {docs}\n", row.id, row.title, row.code);
    }
    page
}

const HEAD: &str = "# Problems of a recipe\n\n\
    <!-- Generated from src/recipe/kinds.rs by `CORPUS_UPDATE=1 cargo test generated`: change the table, not this page. -->\n\n\
    `corpus check` shows each problem with an id; `corpus explain R041` prints its section of this page, `corpus list \
    problems` all ids. An id keeps its meaning for ever; one that is no longer needed is not used again. The code is a wider \
    class, for programs (`--format json`).\n";

/// The row with an id, written in any case.
pub fn row(id: &str) -> Option<&'static Row> {
    ALL.iter().find(|row| row.id.eq_ignore_ascii_case(id))
}

kinds! {
    "R001" Syntax "syntax" "the recipe is not TOML"
    "A quote, a bracket or an equals sign is missing, or a key stands twice. The underline is where reading stopped; what is missing may stand before it."
    wrong "name = \"mine\n" right "name = \"mine\"\n"

    "R002" UnknownKey "unknown_key" "a table has no such key"
    "The key is misspelt, or stands in another table than it belongs to: keys of the recipe (`name`, `about`) stand above the first [[source]]. A key that nobody reads would be silently without effect, so it is refused."
    wrong "[output]\nshards = \"64MiB\"\n" right "[output]\nshard = \"64MiB\"\n"

    "R003" WrongType "wrong_type" "a value has the wrong type"
    "Text is written in quotes, numbers without, lists in brackets, tables in braces."
    wrong "about = 2023\n" right "about = \"2023\"\n"

    "R004" TooSmall "out_of_range" "a whole number is too small"
    "The message says the least that is possible: `limit`, for example, counts rows from 1."
    wrong "[[source]]\nname = \"docs\"\npath = \"docs.jsonl\"\nlimit = 0\n"
    right "[[source]]\nname = \"docs\"\npath = \"docs.jsonl\"\nlimit = 1000\n"

    "R005" NoShare "out_of_range" "a share lies outside 0 to 1"
    "Shares are fractions, not percentages: 0.05 is five in a hundred."
    wrong "[input]\nmax_unreadable = 5\n" right "[input]\nmax_unreadable = 0.05\n"

    "R006" NoSize "out_of_range" "a size cannot be read"
    "A size is a number over 0 with B, KB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (powers of 1024), or a plain number of bytes."
    wrong "[output]\nshard = \"64 mega\"\n" right "[output]\nshard = \"64MiB\"\n"

    "R007" NotPositive "out_of_range" "a weight or repeat is not over 0"
    "A source that should give nothing is deleted from the recipe, so that it is neither read nor reported."
    wrong "[[source]]\nname = \"docs\"\npath = \"docs.jsonl\"\nweight = 0\n"
    right "[[source]]\nname = \"docs\"\npath = \"docs.jsonl\"\nweight = 1\n"

    "R008" UnknownWord "unknown_name" "a word is none of those that a key takes"
    "The cure names the nearest one. `corpus list formats` and `corpus list signals` have those of `format` and of rules; docs/recipe.md those of every key."
    wrong "[[source]]\nname = \"docs\"\npath = \"docs.jsonl\"\nuse = \"pretraining\"\n"
    right "[[source]]\nname = \"docs\"\npath = \"docs.jsonl\"\nuse = \"pretrain\"\n"

    "R009" Empty "empty" "a name, a path or a list is empty"
    "An empty value would read nothing, or let nothing through. Leave the key out where its default is meant."
    wrong "[[source]]\nname = \"docs\"\npath = []\n" right "[[source]]\nname = \"docs\"\npath = [\"docs.jsonl\"]\n"

    "R010" BadName "value" "the recipe's name cannot name a folder"
    "The name becomes a folder under builds/ and a word in every file: letters of any script, digits, `-`, `_` and `.`."
    wrong "name = \"zh/2024\"\n" right "name = \"zh-2024\"\n"

    "R011" NoSource "empty" "the recipe names no source"
    "A recipe reads at least one [[source]]: a `card` of the catalog (`corpus list sources`), or a `name` with a `path`. `corpus init FOLDER` writes sources for files that are there."
    wrong "name = \"mine\" # and no [[source]]\n" right "[[source]]\nname = \"docs\"\npath = \"docs.jsonl\"\n"

    "R012" NoList "wrong_type" "sources or stages are not a list of tables"
    "TOML writes an element of a list of tables in two brackets: [[source]], [[stage]]. One bracket is a single table."
    wrong "[source]\nname = \"docs\"\npath = \"docs.jsonl\"\n" right "[[source]]\nname = \"docs\"\npath = \"docs.jsonl\"\n"

    "R013" SameSource "twice" "two sources have one name"
    "The name stands in every row and in the counts of build.json, so it must tell sources apart. Several files of one source are a list in `path`."
    wrong "[[source]]\nname = \"docs\"\npath = \"a.jsonl\"\n[[source]]\nname = \"docs\"\npath = \"b.jsonl\"\n"
    right "[[source]]\nname = \"docs\"\npath = [\"a.jsonl\", \"b.jsonl\"]\n"

    "R014" LacksKey "value" "a source lacks its name or path"
    "A source without a `card` says what it is called and which files it reads."
    wrong "[[source]]\npath = \"docs.jsonl\"\n" right "[[source]]\nname = \"docs\"\npath = \"docs.jsonl\"\n"

    "R015" NoCard "value" "a key of cards stands in a source without one"
    "`parts` and `revision` choose from a data set of the catalog; files of your own have neither."
    wrong "[[source]]\nname = \"docs\"\npath = \"docs.jsonl\"\nparts = [\"train\"]\n"
    right "[[source]]\nname = \"docs\"\npath = \"docs.jsonl\"\nsplit = \"train\"\n"

    "R016" CardAndPath "value" "a source has both a card and a path"
    "A card knows its files, and the store knows where they lie. To use files that are here already, import them: `corpus fetch CARD --from FOLDER`."
    wrong "[[source]]\ncard = \"nlp_chinese_corpus\"\npath = \"files\"\n" right "[[source]]\ncard = \"nlp_chinese_corpus\"\n"

    "R017" UnknownPlace "value" "an address begins with a place that is not known"
    "A data set without a card is named by its place: `hf:owner/name`, `ms:owner/name`, `opus:UNPC/en-zh` or `wikimedia:zhwiki`."
    wrong "[[source]]\ncard = \"github:owner/name\"\n" right "[[source]]\ncard = \"hf:owner/name\"\n"

    "R018" UnknownCard "unknown_name" "the catalog has no such card"
    "`corpus list sources` names all cards; private ones are read from the folder of CORPUS_CARDS."
    wrong "[[source]]\ncard = \"nlp_chinese_corpora\"\n" right "[[source]]\ncard = \"nlp_chinese_corpus\"\n"

    "R019" BrokenCatalog "value" "a card of your own cannot be read"
    "A file in the folder of CORPUS_CARDS is no card: the message names it. Other recipes are read again once it is mended or moved away."

    "R020" Evaluation "value" "an evaluation set is named as a source"
    "What a model is trained on cannot measure it. Give the set to a `decontaminate` stage, which takes its text out of the training data."
    wrong "[[source]]\ncard = \"cmmlu\"\n" right "[[stage]]\nrun = \"decontaminate\"\nagainst = [\"cmmlu\"]\n"

    "R021" UnknownPart "unknown_name" "a card has no such part"
    "`corpus explain CARD` lists the parts of a data set."
    wrong "[[source]]\ncard = \"nlp_chinese_corpus\"\nparts = [\"wiki2019\"]\n"
    right "[[source]]\ncard = \"nlp_chinese_corpus\"\nparts = [\"wiki2019zh\"]\n"

    "R022" NoPart "value" "a card has no part that is taken unasked"
    "All parts of the data set are optional (large, or for another use), so the recipe names those it wants with `parts`."

    "R023" Refused "value" "the licence of a part is not one that `[policy]` allows"
    "The kinds are those that `corpus list sources --license KIND` takes. Leave the part out, or widen the policy after reading the licence."
    wrong "[policy]\nlicenses = \"open\"\n[[source]]\ncard = \"alpaca\"\n" right "[policy]\nlicenses = [\"open\", \"noncommercial\"]\n[[source]]\ncard = \"alpaca\"\n"

    "R024" ModelCard "value" "a model is named as a source"
    "A model scores rows and has none of its own. Give it to the stage that its card names: `language`, `classify` or `perplexity`."
    wrong "[[source]]\ncard = \"lid176\"\n" right "[[stage]]\nrun = \"language\"\nmodel = \"lid176\"\n"

    "R030" NoRun "value" "a stage does not say what runs"
    "`run` names the stage's work, `name` what this one is called in rows and on the command line."
    wrong "[[stage]]\nname = \"short\"\n" right "[[stage]]\nrun = \"keep\"\nname = \"short\"\nchars = { min = 50 }\n"

    "R031" UnknownStage "unknown_name" "no stage is called so"
    "`corpus list stages` names all. For a word of another tool (`minhash`, `lid`) the cure names what does the same here."
    wrong "[[stage]]\nrun = \"normalise\"\n" right "[[stage]]\nrun = \"normalize\"\n"

    "R032" SameStage "twice" "two stages have one name"
    "The name says in `dropped/` which stage a row fell to. Without `name`, the second one of a kind is called `keep_2`."
    wrong "[[stage]]\nrun = \"normalize\"\nname = \"a\"\n[[stage]]\nrun = \"exact_dedup\"\nname = \"a\"\n"
    right "[[stage]]\nrun = \"normalize\"\nname = \"a\"\n[[stage]]\nrun = \"exact_dedup\"\nname = \"b\"\n"

    "R033" BadStageName "value" "a stage's name has a character that --set needs"
    "`--set STAGE.KEY=VALUE` changes an option for one build, so a stage's name has no `.` and no `=`, and is not empty."
    wrong "[[stage]]\nrun = \"normalize\"\nname = \"step.1\"\n" right "[[stage]]\nrun = \"normalize\"\nname = \"step_1\"\n"

    "R034" UnknownOption "unknown_key" "a stage has no such option"
    "`corpus explain STAGE` lists its options with what they mean and their defaults."
    wrong "[[stage]]\nrun = \"sample\"\nshare = 0.1\nsede = 7\n" right "[[stage]]\nrun = \"sample\"\nshare = 0.1\nseed = 7\n"

    "R035" BadOption "value" "an option has a value that the stage cannot use"
    "The message says which values it takes, the cure what the option is for."
    wrong "[[stage]]\nrun = \"sample\"\nshare = \"a tenth\"\n" right "[[stage]]\nrun = \"sample\"\nshare = 0.1\n"

    "R036" Unbuildable "value" "a stage lacks an option, or its options contradict each other"
    "No single option is to blame: one that the stage needs is missing, or it has nothing to do."
    wrong "[[stage]]\nrun = \"sample\"\n" right "[[stage]]\nrun = \"sample\"\nshare = 0.1\n"

    "R037" ShuffleNotLast "value" "a shuffle does not come last"
    "Stages decide over rows in the order of the sources; a new order is made once nothing else follows."
    wrong "[[stage]]\nrun = \"shuffle\"\n[[stage]]\nrun = \"exact_dedup\"\n" right "[[stage]]\nrun = \"exact_dedup\"\n[[stage]]\nrun = \"shuffle\"\n"

    "R038" ShuffleForSome "value" "a shuffle is for some sources or languages only"
    "A shuffle mixes all rows of a use; `only` may choose the use, nothing narrower."
    wrong "[[stage]]\nrun = \"shuffle\"\nonly = { language = [\"zh\"] }\n" right "[[stage]]\nrun = \"shuffle\"\nonly = { use = [\"pretrain\"] }\n"

    "R039" ShuffledTwice "twice" "two shuffles are for the same rows"
    "The second would undo the first. One shuffle for each use is possible."
    wrong "[[stage]]\nrun = \"shuffle\"\n[[stage]]\nrun = \"shuffle\"\n" right "[[stage]]\nrun = \"shuffle\"\n"

    "R040" UnknownSignal "unknown_name" "no signal is called so"
    "A signal is a number or word that a stage measures: `corpus list signals` has all, with the stage that measures each."
    wrong "[[stage]]\nrun = \"keep\"\ncharacters = { min = 50 }\n" right "[[stage]]\nrun = \"keep\"\nchars = { min = 50 }\n"

    "R041" NotMeasured "value" "a signal is asked for that no stage before measures"
    "The cure names the stage that measures it; it stands above the one that asks."
    wrong "[[stage]]\nrun = \"keep\"\nscript = { in = [\"Hans\"] }\n"
    right "[[stage]]\nrun = \"language\"\n[[stage]]\nrun = \"keep\"\nscript = { in = [\"Hans\"] }\n"

    "R042" NoRule "value" "a rule looks at a signal that is a list"
    "Rules compare numbers and words; `words` is a list of words, `word_count` its length."
    wrong "[[stage]]\nrun = \"words\"\ncolumn = true\n[[stage]]\nrun = \"keep\"\nwords = { min = 5 }\n"
    right "[[stage]]\nrun = \"words\"\n[[stage]]\nrun = \"keep\"\nword_count = { min = 5 }\n"

    "R043" NoLimits "value" "a rule has no limits"
    "It would keep every row. Say `min`, `max` or both for a number, `in` for a word."
    wrong "[[stage]]\nrun = \"keep\"\nchars = {}\n" right "[[stage]]\nrun = \"keep\"\nchars = { min = 50, max = 100_000 }\n"

    "R044" NotFinite "out_of_range" "a limit is not a finite number"
    "`nan` and `inf` compare with nothing, or with everything. Leave out a limit that should not hold."
    wrong "[[stage]]\nrun = \"keep\"\nchars = { min = 50, max = inf }\n" right "[[stage]]\nrun = \"keep\"\nchars = { min = 50 }\n"

    "R045" MinOverMax "value" "a rule's least is greater than its most"
    "No row could stay: the two limits are most likely exchanged."
    wrong "[[stage]]\nrun = \"keep\"\nchars = { min = 500, max = 50 }\n" right "[[stage]]\nrun = \"keep\"\nchars = { min = 50, max = 500 }\n"

    "R046" NoOrder "value" "the best row is to be chosen by a signal that is a word"
    "`by` of a deduplication names a number, of which the greatest is the best; words have no order."
    wrong "[[stage]]\nrun = \"language\"\n[[stage]]\nrun = \"near_dedup\"\nkeep = \"best\"\nby = \"language\"\n"
    right "[[stage]]\nrun = \"near_dedup\"\nkeep = \"best\"\nby = \"chars\"\n"

    "R047" MisplacedRule "value" "a part of a rule stands where it cannot be asked"
    "`when` says which rows the rules beside it are for; within a `not` it would turn round, and drop every other row. A percentile is known when all rows are measured, so `early` cannot ask for one; and a signal has one least and one greatest limit in a rule."
    wrong "[[stage]]\nrun = \"language\"\n[[stage]]\nrun = \"keep\"\nnot = { when = { language = \"zh\" }, chars = { max = 50 } }\n"
    right "[[stage]]\nrun = \"language\"\n[[stage]]\nrun = \"keep\"\nwhen = { language = \"zh\" }\nnot = { chars = { max = 50 } }\n"

    "R050" SomeWeights "value" "some sources have a weight, others none"
    "Weights are proportions of the whole output, so either every source has one or none has."
    wrong "[[source]]\nname = \"a\"\npath = \"a.jsonl\"\nweight = 2\n[[source]]\nname = \"b\"\npath = \"b.jsonl\"\n"
    right "[[source]]\nname = \"a\"\npath = \"a.jsonl\"\nweight = 2\n[[source]]\nname = \"b\"\npath = \"b.jsonl\"\nweight = 1\n"

    "R051" NothingDrawn "value" "a source has a seed, and nothing is drawn"
    "`seed` chooses which rows of a source a mix takes; without `weight` or `repeat` all are taken. The seed of a `sample` is its own option."
    wrong "[[source]]\nname = \"docs\"\npath = \"docs.jsonl\"\nseed = 7\n"
    right "[[source]]\nname = \"docs\"\npath = \"docs.jsonl\"\nrepeat = 2\nseed = 7\n"

    "R052" StageCalledMix "value" "a stage is called mix while sources are mixed"
    "Rows that the mix leaves out are dropped with the stage `mix`; another stage of that name could not be told from it."
    wrong "[mix]\ntotal = 1000\n[[stage]]\nrun = \"normalize\"\nname = \"mix\"\n"
    right "[mix]\ntotal = 1000\n[[stage]]\nrun = \"normalize\"\nname = \"clean\"\n"

    "R053" NoTokens "value" "a mix or a gate is counted in tokens, and no stage counts them"
    "A stage `tokens` without `only` counts those of every row, by the tokenizer that it names. Without a tokenizer: within one language, tokens are nearly proportional to characters."
    wrong "[mix]\nby = \"tokens\"\n"
    right "[mix]\nby = \"tokens\"\n[[stage]]\nrun = \"tokens\"\ntokenizer = \"tokenizer.json\"\n"

    "R055" NoPlace "value" "an export is for a use that its layout does not take"
    "`corpus list exports` says which uses each layout takes; without `use` an export has all of them that the build has."
    wrong "[[export]]\nto = \"openai\"\nuse = \"pretrain\"\n" right "[[export]]\nto = \"trl\"\nuse = \"pretrain\"\n"

    "R056" SameFolder "twice" "two exports go to the same folder"
    "An export replaces its folder whole. Without `out` it is exports/NAME in the build's folder."
    wrong "[[export]]\nto = \"trl\"\n[[export]]\nto = \"trl\"\nuse = \"rlhf\"\n"
    right "[[export]]\nto = \"trl\"\n[[export]]\nto = \"trl\"\nuse = \"rlhf\"\nout = \"exports/dpo\"\n"

    "R057" ExportFolder "value" "an export's folder is not within the build's"
    "`out` is a path from the build's folder, so that a trial has exports of its own. `corpus export BUILD --out DIR` writes one anywhere."
    wrong "[[export]]\nto = \"trl\"\nout = \"../trl\"\n" right "[[export]]\nto = \"trl\"\nout = \"exports/mine\"\n"

    "R058" GateOfNothing "unknown_name" "a gate is on something that no stage of the recipe finds"
    "It would pass whatever comes out. `max_dropped` takes reasons that the stages of the recipe give, the names of these stages, `read` for what formats set aside, and `all`; `max_evaluation_hits` needs a stage that looks for evaluation sets."
    wrong "[[stage]]\nrun = \"exact_dedup\"\n[gates]\nmax_dropped = { near_duplicate = 0.05 }\n"
    right "[[stage]]\nrun = \"near_dedup\"\n[gates]\nmax_dropped = { near_duplicate = 0.05 }\n"

    "R059" ExportKeys "value" "the keys of an export do not fit its layout"
    "A layout of token ids needs `tokenizer`, `seq_length` where it packs documents or limits rows, and `template` where dialogues become ids; one of rows has none of them. `split` needs [split]. `corpus list exports` says which is which."
    wrong "[[export]]\nto = \"packed\"\nseq_length = 4096\n"
    right "[[export]]\nto = \"packed\"\ntokenizer = \"tokenizer.json\"\nseq_length = 4096\n"

    "R060" BadSet "value" "a --set is not STAGE.KEY=VALUE"
    "It changes an option of one stage for one build: `--set keep.chars.min=80`. The value is TOML, or text where it is none."

    "R061" SetsNoStage "unknown_name" "a --set names a stage that the recipe does not have"
    "The word before the first dot is a stage's `name`, which without one is that of its `run`."

    "R100" NoRecipe "input" "the recipe itself cannot be read"
    "Neither a file of this path nor a shipped recipe of this name is there, or it is no UTF-8 text. `corpus list recipes` names the shipped ones."

    "R101" NotLocked "input" "what is in the store is not what corpus.lock says"
    "corpus.lock records which bytes a recipe has read. It cannot be read, or the files of a data set have changed since. Restore them (`corpus cache verify`), or build with --update to lock what is there now."

    "R102" NoFile "input" "a source finds no file"
    "No file matches the source's `path`, or a folder cannot be looked into. Relative paths start at the recipe's folder."

    "R103" BadFile "input" "a file cannot be read the way the source says"
    "It is of another format, nothing in it can be told, or a detected shape would leave an answer or label unread. The cure names the key that settles it: `format`, `rows`, `fields`, `options`."

    "R104" TwoUses "input" "the files of a source hold rows of different uses"
    "A source has one use, and so one schema. Say `use`, or make two sources of it."

    "R105" NoRow "input" "no row of a source can be read"
    "Every row looked into is unreadable, or there is none. The message gives the commonest reason; where that is expected, `[input] max_unreadable = 1` lets it pass."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_sorted_and_documented() {
        assert!(ALL.is_sorted_by(|a, b| a.id < b.id));
        for (at, found) in ALL.iter().enumerate() {
            assert_eq!(found.kind as usize, at, "{}", found.id);
            assert_eq!(found.kind.row().id, found.id);
            let digits = found.id.strip_prefix('R').unwrap();
            assert!(digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()), "{}", found.id);
            assert!(!found.title.ends_with('.') && found.about.ends_with('.'), "{}", found.id);
            assert!(found.about.len() > 20 && found.wrong.is_empty() == found.right.is_empty(), "{}", found.id);
        }
        assert_eq!(row("r041").map(|r| r.kind), Some(Kind::NotMeasured));
        assert!(row("R999").is_none() && row("41").is_none());
    }
}
