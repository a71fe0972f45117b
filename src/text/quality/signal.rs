//! The signals: name, definition, unit and source of each.
//!
//! *Units* are what a text is counted in: words where they were cut (jieba's in Chinese, Unicode's elsewhere), else
//! characters in Chinese. Words have no punctuation among them, as Gopher's and DCLM's (whose punctuation sticks to the
//! words, or is left out) and unlike datatrove's, where every sign is a word of its own. *Characters* are code points.
//! A *line* is what stands between line breaks, and counts where not blank, unless it is said otherwise.

use serde::{Deserialize, Serialize};

/// A signal.
pub struct About {
    /// Its name in recipes and output.
    pub name: &'static str,
    /// Whether it is a count; else a share or another number.
    pub count: bool,
    /// What it is found together with.
    pub group: Group,
    /// What it is, its unit, and its source.
    pub about: &'static str,
}

/// Signals that are found together, and left out together where nobody reads one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Characters, signs and sentences.
    Characters,
    /// Pairs of Han that words are made of.
    Pairs,
    /// Lines: their lengths, beginnings and ends.
    Lines,
    /// Lines, beginnings of lines and paragraphs that stood before.
    Repeats,
    /// Stretches between signs that stood before.
    Segments,
    /// Words of lists.
    Terms,
    /// Addresses, tags, formulas.
    Stretches,
    /// Units of counting.
    Units,
    /// n-grams of units.
    Grams,
    /// 10-grams of characters.
    Tens,
    /// 13-grams of characters.
    Thirteens,
    /// Pairs and triples of characters, signs between Han, lines of one length, keywords; numbers and handles by which
    /// somebody is reached; words with which programs and sites speak to visitors.
    Places,
}

/// A set of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Groups(u32);

impl Groups {
    /// All of them.
    pub const ALL: Groups = Groups(u32::MAX);

    /// Whether a group is one of them.
    #[inline(always)]
    pub const fn has(self, group: Group) -> bool {
        self.0 >> group as u32 & 1 == 1
    }

    /// The signals of these groups, by number.
    pub fn signals(self) -> impl Iterator<Item = (usize, &'static About)> {
        SIGNALS.iter().enumerate().filter(move |(_, about)| self.has(about.group))
    }
}

impl FromIterator<Group> for Groups {
    fn from_iter<I: IntoIterator<Item = Group>>(groups: I) -> Self {
        Groups(groups.into_iter().fold(0, |all, group| all | 1 << group as u32))
    }
}

macro_rules! signals {
    ($($signal:ident $name:literal $kind:ident $group:ident $about:literal;)*) => {
        /// A signal, by number.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum Signal { $($signal),* }

        /// All signals in the order of their numbers.
        pub static SIGNALS: &[About] =
            &[$(About { name: $name, count: signals!(@$kind), group: Group::$group, about: $about }),*];
    };
    (@count) => { true };
    (@share) => { false };
}

signals! {
    Units "units" count Units "how many words, or characters without white space in Chinese that is not cut (Gopher, RefinedWeb: words)";
    MeanUnit "mean_unit_length" share Units "characters of a unit on average (Gopher)";
    UniqueUnits "unique_units" share Units "different units by units (RedPajama-V2: rps_doc_frac_unique_words); letter case counts, other than there";
    Entropy "unit_entropy" share Units "entropy of the distribution of units, in nats (RedPajama-V2: rps_doc_unigram_entropy); letter case counts, other than there";
    LetterUnits "letter_units" share Units "units with a letter of any script, by units (Gopher: 80 % of words); datatrove counts every sign as a word without one";
    StopWords "stop_words" count Units "different stop words: Gopher's eight in English, the 22 of FineWeb-2's cmn_Hani in Chinese";
    Sentences "sentences" count Characters "stretches of at least two characters that end with 。！？!?…｡, a full stop before white space, or the line";
    MeanSentence "mean_sentence_length" share Characters "characters of a sentence on average";
    Lines "lines" count Lines "lines that are not blank";
    MeanLine "mean_line_length" share Lines "characters by lines, blank ones and line breaks among them (Data-Juicer: avg_line_length)";
    MaxLine "max_line_length" count Lines "characters of the longest line (Data-Juicer: max_line_length)";
    LinesUpTo10 "lines_upto_10" share Lines "lines of at most 10 characters (datatrove: short_line_ratio_chars_10, without blank lines)";
    LinesUpTo30 "lines_upto_30" share Lines "lines of at most 30 characters (FineWeb: short_line_thr)";
    TerminalLines "terminal_lines" share Lines "lines whose very last character ends a sentence by datatrove's table (FineWeb: line_punct_thr); it has no …, ；or closing quotes";
    EndedLines "ended_lines" share Lines "lines that end as a sentence does: with 。！？!?…；; or a full stop, behind which closing quotes and brackets may stand, and white space";
    EndedChars "ended_chars" share Lines "characters in such lines, by characters of all lines: a heading weighs less than a paragraph";
    BulletLines "bullet_lines" share Lines "lines, blank ones too, that begin with • or - (Gopher, as datatrove reads it)";
    ListLines "list_lines" share Lines "lines that begin as an entry of a list does: with a bullet of any kind or a number (1. 1、 一、 （一） ①)";
    EllipsisLines "ellipsis_lines" share Lines "lines, blank ones too, that end with … or ... (Gopher)";
    LikeStarts "like_starts" share Repeats "lines whose first four characters (digits alike) at least two other lines begin with: how much the text looks like a form or a list";
    DupLines "dup_lines" share Repeats "lines that stood before, by lines (Gopher; Dolma and DCLM count the first one of a kind too)";
    DupLineChars "dup_line_chars" share Repeats "characters of such lines, by characters of the text (Gopher)";
    DupParagraphs "dup_paragraphs" share Repeats "paragraphs (between blank lines) that stood before, by paragraphs (Gopher)";
    DupParagraphChars "dup_paragraph_chars" share Repeats "characters of such paragraphs, by characters of the text (Gopher)";
    FinewebDup "fineweb_dup_chars" share Repeats "characters of lines that stood before, by characters without line breaks (FineWeb: char_duplicates_ratio)";
    NewlinesPerUnit "newlines_per_unit" share Units "line breaks by units (FineWeb: new_line_ratio)";
    C4Lines "c4_lines" share Lines "lines that C4 would keep: they end as a sentence does, not with an ellipsis, and have three words or six Han characters (arXiv 1910.10683)";
    PolicyLines "policy_lines" count Terms "lines with `javascript` or one of C4's phrases on cookies and terms of use";
    CapsLines "caps_lines" share Lines "lines that are upper-case letters to more than a half (RefinedWeb, DCLM: uppercase_ratio_line_modifier)";
    NumberLines "number_lines" share Lines "lines of number signs alone (RefinedWeb, DCLM: numeric_ratio_line_modifier)";
    Curly "curly_brackets" count Characters "curly brackets `{` (C4 drops a page with one)";
    Top2 "top_2_gram" share Grams "characters of the most frequent 2-gram of units times how often it comes, by characters of the text (Gopher). In Chinese words are counted as they stand; datatrove puts spaces between them. No value where the units are characters: two are a word";
    Top3 "top_3_gram" share Grams "the same of 3-grams";
    Top4 "top_4_gram" share Grams "the same of 4-grams";
    Dup5 "dup_5_gram" share Grams "characters in 5-grams of units that stood before, by characters of the text (Gopher, as datatrove counts: from left to right, and on behind one that did)";
    Dup6 "dup_6_gram" share Grams "the same of 6-grams";
    Dup7 "dup_7_gram" share Grams "the same of 7-grams";
    Dup8 "dup_8_gram" share Grams "the same of 8-grams";
    Dup9 "dup_9_gram" share Grams "the same of 9-grams";
    Dup10 "dup_10_gram" share Grams "the same of 10-grams";
    CharRep10 "char_rep_10" share Tens "of all 10-grams of characters, how many are of the most frequent kinds, which are the square root of the number of kinds, and only such as repeat (Data-Juicer: char_rep_ratio)";
    CharDup13 "char_dup_13" share Thirteens "of all 13-grams of characters, how many come more than once (ChineseWebText: 50 %; there without white space)";
    DupSegments "dup_segments" share Segments "characters in stretches of 2 to 24 characters between signs that stood before, by characters: keywords in a row";
    LetterRatio "letter_ratio" share Characters "letters by characters (Python's isalpha)";
    AlnumRatio "alnum_ratio" share Characters "letters and number signs by characters (Data-Juicer: alnum_ratio)";
    NumberRatio "number_ratio" share Characters "number signs by characters";
    UpperRatio "upper_ratio" share Characters "upper-case letters by characters (datatrove: uppercase_ratio)";
    SpecialRatio "special_ratio" share Characters "Data-Juicer's special characters by characters (special_char_ratio), without the letters among them: 一, 上 and 士 are no special characters";
    MarkRatio "mark_ratio" share Characters "symbols and emoji by characters";
    BrokenRatio "broken_ratio" share Characters "U+FFFD, control, private and unassigned characters by characters";
    MojibakeRatio "mojibake_ratio" share Terms "characters of UTF-8 that was read as Latin-1 or Windows-1252 (Ã©, ä¸\u{ad}), and of traces such as 锟斤拷, by characters";
    HashPerUnit "hash_per_unit" share Units "# by units (Gopher)";
    EllipsisPerUnit "ellipsis_per_unit" share Units "runs of … and of three full stops and more, by units (Gopher); …… is one, datatrove counts two";
    HanRatio "han_share" share Characters "Han of all Unihan blocks by characters without white space";
    TraditionalRatio "traditional_ratio" share Characters "Han of traditional Chinese only, by those of one side only";
    MixedScript "mixed_script" share Characters "the smaller of the two sides, by both: 0 is pure, 0.5 as mixed as can be";
    MixedLines "mixed_lines" share Characters "the same of each line, all lines summed up: a dialogue in which one writes simplified and the other traditional has 0, a line that mixes both does not";
    RareRatio "rare_ratio" share Characters "Han outside GB 2312 and Big5's first level, but characters of written Cantonese, by Han";
    FrequentRatio "frequent_ratio" share Characters "Han among the 500 most frequent characters, by Han";
    FunctionRatio "function_ratio" share Terms "Han that ties sentences together (的 之 在 不 …), but in names (成都), by Han";
    KnownPairs "known_pairs" share Pairs "pairs of neighbouring Han that words are made of, by pairs of neighbouring Han";
    OddPairs "odd_pairs" share Pairs "pairs of neighbouring Han, or of Han and a sign, that text hardly ever has (的的, 把，; data/odd.txt), by such pairs: words in a random order";
    OddTriples "odd_triples" share Places "different triples of neighbouring Han, or of Han and a sign, that text as good as never has though their pairs are frequent (提高等; data/triples.txt), by Han and signs; of the first 1,500 characters: characters drawn one by the other";
    UnlikelyPairs "unlikely_pairs" share Places "how unlikely the pairs of neighbours are, by pairs: of the 1,500 most frequent Han and signs, one that comes less than a tenth as often as by chance counts whole, less than a quarter half, less than 5 in 8 a sixth (data/unlikely.zst); of the first 600 characters: words or characters in a random order";
    UnlikelySkips "unlikely_skips" share Places "the same of characters that one or two others stand between, by such pairs: words in a random order, and characters that are drawn one by the other";
    Sense "sense" share Places "how near in meaning words are that stand at most eight words apart: the mean cosine of the vectors of different ones (6,000 pairs of Han, data/sense.zst), drawn to 0.3 where there are few; of the first 600 characters: about 0.32 in good text, 0.15 where words were drawn or pieces of many texts put together";
    Disorder "disorder" share Places "how much speaks for a random order of characters or words, all in all: the logarithm of the odds, by small trees of decisions over 31 signals and the length (data/disorder.txt): measures of order (unlikely_pairs, unlikely_skips, sense, lone_han, odd_pairs, odd_triples, known_pairs, recurrence), kinds of characters and signs (unpaired_signs among them), lines, sentences and keywords";
    LoneHan "lone_han" share Places "Han beyond the 500 most frequent that make a pair of a word with neither neighbour, by Han; of the first 600 characters: characters put in place of others";
    UnlikelyWorst "unlikely_worst" share Places "the largest `unlikely_pairs` of a part of some 75 characters: of the first 600, and of 150 in the middle and at the end: a text part of which is in a random order";
    LoneWorst "lone_worst" share Places "the largest `lone_han` of these parts: a text part of which is random characters";
    Recurrence "recurrence" share Places "words (pairs of Han that tie no sentences together, but the most frequent ones) that an earlier sentence has, by words behind the first sentence, each once a sentence, drawn to 0.12 where there are few; of the first 600 characters: what explains or reports comes back to its words, pieces of many texts do not";
    LinkedSentences "linked_sentences" share Places "sentences that share such a word with the one before, by sentences behind the first, drawn to 0.5 where there are few";
    MashRatio "mash_ratio" share Places "characters of runs of at least five letters and digits of ASCII that no language has, by characters: two turns from letters to digits or back, six letters in a row without a vowel (y is one), or two pairs of letters that no word has (wq, zx) and a quarter of its pairs, each run once; of the first 1,500 characters: keys that were hit at random, base 64";
    KeywordChars "keyword_chars" share Places "characters of the most frequent pair of Han that tie no sentences together, by Han; 0 in texts of more than 1,000 characters, and of fewer than four stretches of Han";
    KeywordClauses "keyword_clauses" share Places "stretches of Han with that pair, by stretches of Han: a keyword in every clause";
    NoticeRatio "notice_ratio" share Places "characters of words with which a site speaks of itself and its rights (本协议, 用户, 不承担; data/notice.txt), by characters; of the first 800; 0 where fewer than eight such words are, fewer than four that name site and visitors, or fewer than three in the first 200 characters";
    StraySigns "stray_signs" share Places "single ' ` ^ ~ _ ° * = \\ and lower-case letters of ASCII between two Han, by Han and signs; of the first 1,500 characters: what a scanner reads out of specks";
    EvenLines "even_lines" share Places "of the lines of at least eight characters those whose length is the most frequent one, or differs by one; of the first 1,500 characters: lines that were broken where the paper ended";
    ClassicalRatio "classical_ratio" share Characters "particles and pronouns of classical Chinese (之 其 曰 矣 …), by Han";
    ModernRatio "modern_ratio" share Characters "particles and pronouns of modern Chinese (的 了 们 这 …), by Han";
    CantoneseRatio "cantonese_ratio" share Characters "characters of written Cantonese (嘅 喺 唔 …), by Han";
    MisreadRatio "misread_ratio" share Characters "Han as they stand where UTF-8 is read as GBK (锛 涓 鐨 …), by Han; about a fifth in good text";
    HalfWidthSigns "half_width_signs" share Characters "commas, full stops, colons, marks of ASCII right behind Han, by those and full-width ones";
    UnpairedSigns "unpaired_signs" share Characters "brackets and quotes of Chinese without the other one of the pair, by characters; those left out that want none: behind the number of an item (1）), quotes that a paragraph opens anew, 〔 before what happens on a stage, faces, inches";
    SignRuns "sign_runs" share Characters "signs and symbols in runs of four and more (…… and —— left out), by characters";
    LongestHan "longest_han_run" count Characters "Han characters of the longest stretch of Han alone";
    SignRatio "chinese_signs" share Characters "punctuation of Chinese by Han";
    DividerRatio "divider_ratio" share Characters "signs that part entries of a menu (| › > · / _ …), by characters";
    AdRatio "ad_ratio" share Terms "characters of what advertisements say, by characters (data/terms.txt)";
    ContactRatio "contact_ratio" share Terms "characters of words for reaching a seller, by characters";
    GamblingRatio "gambling_ratio" share Terms "characters of words that sell betting, by characters";
    AdultRatio "adult_ratio" share Terms "characters of words that sell pornography, by characters";
    SeoRatio "seo_ratio" share Terms "characters of words for search engines, by characters";
    BoilerplateRatio "boilerplate_ratio" share Terms "characters of what stands around the text of a page, by characters";
    PlaceholderRatio "placeholder_ratio" share Terms "characters of what stands where a text was never filled in (lorem ipsum, 此处输入), by characters";
    SalesRatio "sales_ratio" share Terms "characters of what is said to make somebody buy (回本, 仅限本周, 先看效果 …), of the five lists of spam, and a quarter of those that any public hears (预约, 领取 …), by characters: how thick they stand, whatever is sold";
    DensestOffer "densest_offer" share Terms "characters of words that sell in the 80 characters where they stand thickest, each word once: those of sales_ratio whole, words of an advertisement that is told as an experience (闺蜜推荐, 抱着试试看) half, those that any public hears a quarter";
    ReportRatio "report_ratio" share Terms "characters of words that speak of an offence or of what is sold, and sell nothing (警方, 有期徒刑, 切勿相信), by characters";
    ReachRatio "reach_ratio" share Places "characters of mobile numbers (mainland) and of handles of QQ and WeChat behind their words, by characters; 0 in texts of less than two fifths Han";
    Pitches "pitches" count Places "such numbers and handles with what is said to make somebody buy in 60 characters before and behind: words of `sales_ratio`, or several plain ones (免费, 上门, 日结; data/pitch.txt): an advertisement, whatever else the text says";
    VisitorRatio "visitor_ratio" share Places "characters of words with which programs speak to visitors (请重新登录, 页面不存在; data/visitor.txt), by characters; 0 in texts of more than 300 characters, and where fewer than four such words are";
    SpamTerms "spam_terms" count Terms "different words of the five lists ad, contact, gambling, adult and seo";
    SpamRatio "spam_ratio" share Terms "characters of these five, by characters";
    LinkRatio "link_ratio" share Stretches "characters of addresses (http://, www.), by characters";
    LinkedChars "linked_chars" share Stretches "characters of lines that are links and at most 40 characters beside, without the end of a sentence, by characters; 0 where three tenths of the text are lines that end as sentences do";
    CodeRatio "code_ratio" share Lines "characters of lines of program code, by characters: between ``` fences, or without Han and a tenth signs of code; of drawn lines too (borders of tables, guitar strings)";
    FormulaRatio "formula_ratio" share Stretches "characters between $ signs that look like TeX, and mathematical operators, by characters";
    MarkupRatio "markup_ratio" share Stretches "characters of HTML tags, by characters";
}

/// How many signals there are.
pub const COUNT: usize = SIGNALS.len();

/// Those that have no value where Chinese is counted in characters: so few of them are a word or two.
pub const OF_WORDS: [&str; 8] =
    ["top_2_gram", "top_3_gram", "top_4_gram", "dup_5_gram", "dup_6_gram", "dup_7_gram", "dup_8_gram", "dup_9_gram"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_of_their_own() {
        let mut names: Vec<_> = SIGNALS.iter().map(|s| s.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), COUNT);
        assert!(
            SIGNALS.iter().all(|s| s.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'))
        );
        assert_eq!(SIGNALS[Signal::MarkupRatio as usize].name, "markup_ratio");
    }
}
