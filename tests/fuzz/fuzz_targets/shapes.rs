//! The mapping of JSON: any object, by any shape, for any use, gives rows of that use, or exactly one error.
#![no_main]

use corpus::formats::{Object, shapes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(object) = Object::parse(text) else { return };
    for shape in shapes::ALL {
        let fit = shape.fits(&[Object::parse(text).unwrap_or_default()]);
        assert!((0.0..=2.0).contains(&fit), "{} fits {fit}", shape.name());
        for usage in ["pretrain", "task", "instruct", "rlhf"] {
            corpus_fuzz::map_object(*shape, usage, &object);
        }
    }
});
