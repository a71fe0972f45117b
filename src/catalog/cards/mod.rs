//! The cards, one TOML file each. To add one, write the file and name it here, in order.

macro_rules! cards {
    ($($name:literal),* $(,)?) => {
        /// Name and text of every card.
        pub static ALL: &[(&str, &str)] = &[$(($name, include_str!(concat!($name, ".toml")))),*];
    };
}

cards!(
    "alpaca",
    "alpaca_cleaned",
    "alpaca_gpt4",
    "alpaca_zh_51k",
    "coig_p",
    "cvalues_comparison",
    "dolly_15k",
    "dpo_en_zh_20k",
    "flan",
    "full_hh_rlhf",
    "gpteacher",
    "hc3",
    "hc3_chinese",
    "hh_rlhf",
    "hh_rlhf_cn",
    "natural_instructions",
    "nlp_chinese_corpus",
    "oasst1",
    "oasst2",
    "oig",
    "oig_moderation",
    "pku_saferlhf",
    "rlhf_reward_datasets",
    "rlhf_reward_single_round_zh",
    "rm_static",
    "self_instruct",
    "sharegpt",
    "sharegpt_alpaca_oa_vicuna_format",
    "sharegpt_vicuna",
    "sharegpt_zh_en_90k",
    "shp",
    "summarize_from_feedback",
    "synthetic_instruct_gptj_pairwise",
    "ultrachat",
    "ultrafeedback",
    "unnatural_instructions",
    "webgpt_comparisons",
    "xp3",
    "zhihu_rlhf_3k",
);
