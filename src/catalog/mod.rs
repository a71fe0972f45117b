//! The catalog: every data set, its best use, and where it lies. One TOML file a card under `cards/`, named in its
//! `mod.rs`; private cards come from a folder (`--cards`, `CORPUS_CARDS`).

pub mod card;
pub mod cards;
pub mod check;
pub mod page;
pub mod picks;
pub mod said;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub use card::{Card, Freedom, Part, Way};

use crate::{Error, Result};

/// The cards that are compiled in, and private ones, by name.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    cards: BTreeMap<String, Card>,
}

/// The cards that are compiled in.
pub fn shipped() -> &'static [Card] {
    static CARDS: OnceLock<Vec<Card>> = OnceLock::new();
    CARDS.get_or_init(|| cards::ALL.iter().filter_map(|(_, text)| toml::from_str(text).ok()).collect())
}

impl Catalog {
    /// The shipped cards, and those in `private` (else in the folder that `CORPUS_CARDS` names). A private card replaces
    /// a shipped one of the same name.
    ///
    /// # Errors
    /// A private card that cannot be read or is not well-formed, with its file and line.
    pub fn load(private: Option<&Path>) -> Result<Self> {
        let mut cards: BTreeMap<String, Card> = shipped().iter().map(|c| (c.name.clone(), c.clone())).collect();
        let folder = private
            .map(Path::to_path_buf)
            .or_else(|| std::env::var_os("CORPUS_CARDS").filter(|v| !v.is_empty()).map(PathBuf::from));
        if let Some(folder) = folder {
            for card in read_folder(&folder)? {
                cards.insert(card.name.clone(), card);
            }
        }
        Ok(Catalog { cards })
    }

    /// All cards, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Card> {
        self.cards.values()
    }

    /// The card of that name, or of that alias.
    pub fn get(&self, name: &str) -> Option<&Card> {
        self.cards.get(name).or_else(|| self.iter().find(|c| c.aliases.iter().any(|a| a == name)))
    }

    /// All names and aliases.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().flat_map(|c| c.aliases.iter().chain([&c.name])).map(String::as_str)
    }

    /// The card of that name, or an error that suggests the nearest.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] with the nearest name where the catalog has no such card.
    pub fn find(&self, name: &str) -> Result<&Card> {
        self.get(name).ok_or_else(|| {
            let near = crate::text::spelling::nearest(name, self.names());
            let cure = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`corpus list sources` shows what there is; `hf:owner/name`, `ms:owner/name` and URLs work too"
                    .to_owned(),
            };
            Error::input(format!("the catalog has no card `{name}`"), cure)
        })
    }
}

fn read_folder(folder: &Path) -> Result<Vec<Card>> {
    let entries = std::fs::read_dir(folder).map_err(|e| {
        Error::input(format!("cannot read the cards in {}: {e}", folder.display()), "name a folder of TOML cards")
    })?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    paths.iter().map(|path| read_card(path)).collect()
}

fn read_card(path: &Path) -> Result<Card> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path))?;
    let cure = "`corpus explain card` shows what a card has to say";
    let card: Card = toml::from_str(&text).map_err(|e| Error::input(format!("{}: {e}", path.display()), cure))?;
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    match check::problems(&card, &stem).first() {
        None => Ok(card),
        Some(problem) => Err(Error::input(format!("{}: {problem}", path.display()), cure)),
    }
}
