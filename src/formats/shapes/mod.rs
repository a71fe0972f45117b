//! One file a shape; to add one, write the file and name it here.
//! `read` looks fields up for all of them, `turns` reads messages, `answers` makes
//! pairs of ranked answers, `group` of answers that lie apart, `translate` instructions of translation pairs,
//! `python` reads dictionaries that Python printed.
use super::Shape;

mod answers;
mod group;
mod python;
mod read;
pub mod texts;
pub(super) mod translate;
mod truth;
mod turns;

pub use truth::check;
pub use turns::split_thought;

macro_rules! shapes {
    ($($module:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// Every shape.
        pub static ALL: &[&dyn Shape] = &[$(&$module::SHAPE),*];
    };
}

shapes!(
    alpaca,
    baike,
    chip2,
    choices,
    code,
    coig,
    csl,
    dialogue,
    fields,
    hc3,
    helpsteer,
    hh,
    kto,
    messages,
    mnbvc,
    mnbvc_parallel,
    moss,
    natural_instructions,
    news,
    oasst,
    oig,
    pairs,
    preference,
    problem,
    prompt,
    ranked,
    safe_rlhf,
    self_instruct,
    sharegpt,
    shp,
    squad,
    task,
    ultrachat,
    verl,
    web,
    webgpt,
    webtext,
    wiki_lingua,
    xlam,
    zhihu,
);

#[cfg(test)]
mod round_trips;
/// The file to copy for a new shape, compiled and tested as one (CONTRIBUTING.md).
#[cfg(test)]
#[path = "../../../tests/templates/shape.rs"]
mod template;
#[cfg(test)]
mod tests;
