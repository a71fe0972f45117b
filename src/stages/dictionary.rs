//! Words of a user's own, for the stages that cut Chinese into words: the file that an option `dictionary` names.

use std::sync::Arc;

use super::resources::{Need, Resource, Shared, Wanted};
use crate::text::words::Dictionary;
use crate::{Error, Result};

/// Dictionaries that were read lately.
static DICTIONARIES: Shared<Dictionary> = Shared::new();

/// What a stage with this option reads: rows are measured by it.
pub fn needs(dictionary: Option<&String>) -> Vec<Need> {
    let need = |name: &String| Need { option: "dictionary", name: name.clone(), wanted: Wanted::File, for_rows: true };
    dictionary.map(need).into_iter().collect()
}

/// The dictionary among the files of a stage, if there is one; read once for all threads.
///
/// # Errors
/// A file that cannot be read, is not UTF-8, or has a line that is no entry: with file, line and cure.
pub fn of(files: &[Resource]) -> Result<Option<Arc<Dictionary>>> {
    let Some(file) = files.iter().find(|file| file.option == "dictionary") else { return Ok(None) };
    DICTIONARIES.get(&file.sha256, || read(file)).map(Some)
}

fn read(file: &Resource) -> Result<Dictionary> {
    let bytes = std::fs::read(&file.path).map_err(Error::io(&file.path))?;
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count();
        let message = format!("{}:{line}: the line is not UTF-8", file.shown);
        Error::input(message, format!("save it as UTF-8: `iconv -f GB18030 -t UTF-8 {}`", file.shown))
    })?;
    Dictionary::with_words(text).map_err(|(line, what)| {
        let cure = "a line is a word, and behind it its frequency and its tag where they are known: 云计算 5 n";
        Error::input(format!("{}:{line}: {what}", file.shown), cure)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_file_is_named_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("own.txt");
        let said = |bytes: &[u8], key: &str| {
            std::fs::write(&path, bytes).unwrap();
            let (option, shown) = ("dictionary".to_owned(), "own.txt".to_owned());
            let (path, sha256, card) = (path.clone(), key.to_owned(), Default::default());
            let file = Resource { option, shown, path, sha256, for_rows: true, card };
            let error = of(&[file]).err().unwrap();
            (error.to_string(), error.hint().unwrap().to_owned())
        };
        let (message, cure) = said(b"a 3\n\xb4\xca 5\n", "1");
        assert!(message.starts_with("own.txt:2: ") && cure.contains("iconv"), "{message}: {cure}");
        let (message, cure) = said("词 3\n词 4.5\n".as_bytes(), "2");
        assert!(message.starts_with("own.txt:2: `4.5`") && cure.contains("云计算 5 n"), "{message}: {cure}");
        assert!(of(&[]).unwrap().is_none());
        assert_eq!(needs(Some(&"own.txt".to_owned()))[0].name, "own.txt");
    }
}
