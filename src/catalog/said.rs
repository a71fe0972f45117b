//! What a card says, as its readers read it: in English, or in Chinese where a card has it.

use super::card::{Access, Freedom, License, Overlap, Part, Reproduce, Way};

impl Reproduce {
    /// The reason as a clause.
    pub fn said(self, zh: bool) -> &'static str {
        match (self, zh) {
            (Reproduce::Answers, false) => "its answers are of models of its day",
            (Reproduce::Answers, true) => "回答出自当年的模型",
            (Reproduce::Pack, false) => "a pack, copy or sample of other sets: take those",
            (Reproduce::Pack, true) => "其他数据集的打包、副本或抽样：请用原集",
            (Reproduce::Replaced, false) => "newer sets of its kind are larger, cleaner and better documented",
            (Reproduce::Replaced, true) => "已有更大、更干净、文档更全的同类新集",
        }
    }
}

impl License {
    /// A licence in the words of one language.
    pub fn new(name: impl Into<String>, kind: Freedom, says: impl Into<String>) -> Self {
        License { name: name.into(), kind, says: says.into(), name_zh: None, says_zh: None }
    }

    /// Its name and who says so, in the language of the reader: Chinese where it has it.
    pub fn said(&self, zh: bool) -> (&str, &str) {
        (pick(zh, &self.name, self.name_zh.as_ref()), pick(zh, &self.says, self.says_zh.as_ref()))
    }
}

impl Overlap {
    /// How, in the language of the reader.
    pub fn said(&self, zh: bool) -> &str {
        pick(zh, &self.how, self.how_zh.as_ref())
    }
}

impl Way {
    /// What this copy lost, in the language of the reader.
    pub fn lost(&self, zh: bool) -> Option<&str> {
        self.lost.as_ref().map(|lost| pick(zh, lost, self.lost_zh.as_ref()))
    }
}

impl Part {
    /// What it holds, in the language of the reader.
    pub fn said(&self, zh: bool) -> Option<&str> {
        self.about.as_ref().map(|about| pick(zh, about, self.about_zh.as_ref()))
    }
}

/// Chinese where it is wanted and there, else English.
fn pick<'t>(zh: bool, en: &'t str, chinese: Option<&'t String>) -> &'t str {
    chinese.filter(|_| zh).map_or(en, String::as_str)
}

impl Access {
    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Access::Free => "free",
            Access::Gated => "gated",
            Access::ByHand => "by hand",
        }
    }

    /// In Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Access::Free => "直接下载",
            Access::Gated => "需登录或申请",
            Access::ByHand => "手动获取",
        }
    }
}

impl Freedom {
    /// All kinds, freest first.
    pub const ALL: [Freedom; 6] = [
        Freedom::Open,
        Freedom::Packaging,
        Freedom::Custom,
        Freedom::Unstated,
        Freedom::Noncommercial,
        Freedom::Research,
    ];

    /// The word in cards and filters.
    pub fn as_str(self) -> &'static str {
        match self {
            Freedom::Open => "open",
            Freedom::Packaging => "packaging",
            Freedom::Custom => "custom",
            Freedom::Unstated => "unstated",
            Freedom::Noncommercial => "noncommercial",
            Freedom::Research => "research",
        }
    }

    /// In Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Freedom::Open => "开放",
            Freedom::Packaging => "仅包装",
            Freedom::Custom => "自定条款",
            Freedom::Unstated => "未声明",
            Freedom::Noncommercial => "非商用",
            Freedom::Research => "仅限研究",
        }
    }
}
