//! One file a shape; to add one, write the file and name it here. What shapes share lies under `support/`.
use super::Shape;

pub(super) mod support;

pub use support::ground_truth::check;
pub use support::texts;
pub use support::turn::{is_switch, split_thought};
pub use support::values::verdict;

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
    templated,
    ultrachat,
    verl,
    web,
    webgpt,
    webtext,
    wiki_lingua,
    xlam,
    zhihu,
);

/// The file to copy for a new shape, compiled and tested as one (CONTRIBUTING.md).
#[cfg(test)]
#[path = "../../../tests/templates/shape.rs"]
mod template;
#[cfg(test)]
mod tests;
