//! The cards, one TOML file each. To add one, write the file and name it here, in order.

macro_rules! cards {
    ($($name:literal),* $(,)?) => {
        /// Name and text of every card.
        pub static ALL: &[(&str, &str)] = &[$(($name, include_str!(concat!($name, ".toml")))),*];
    };
}

cards!("alpaca", "nlp_chinese_corpus",);
