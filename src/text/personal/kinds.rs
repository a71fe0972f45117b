//! Kinds of personal data, and where one stands in a text.

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal $mask:literal),* $(,)?) => {
        /// A kind of personal data.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $kind),* }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Kind] = &[$(Kind::$kind),*];

            /// Its word in recipes and accounts.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name),* }
            }

            /// What stands in its place when it is masked.
            pub fn mask(self) -> &'static str {
                match self { $(Kind::$kind => $mask),* }
            }
        }
    };
}

kinds!(
    /// An e-mail address.
    Email "email" "[EMAIL]",
    /// An IPv4 or IPv6 address that names a machine: not loopback, not a netmask.
    Ip "ip" "[IP]",
    /// A Chinese mobile number.
    Mobile "mobile" "[MOBILE]",
    /// A Chinese landline number.
    Landline "landline" "[LANDLINE]",
    /// A telephone number of another country: by the plans of North America and the UK, else by `+` and country code.
    Phone "phone" "[PHONE]",
    /// A Chinese resident identity number, of 18 digits with its check, or of 15.
    IdNumber "id_number" "[ID_NUMBER]",
    /// The number of a bank card: issuer and Luhn's check.
    BankCard "bank_card" "[BANK_CARD]",
    /// A passport or travel permit, beside its word.
    Passport "passport" "[PASSPORT]",
    /// A Chinese vehicle plate, new-energy ones among them.
    Plate "plate" "[PLATE]",
    /// A QQ number behind its word.
    Qq "qq" "[QQ]",
    /// A WeChat name behind its word.
    Wechat "wechat" "[WECHAT]",
    /// A Chinese street address.
    Address "address" "[ADDRESS]",
    /// A social security number of the US.
    Ssn "ssn" "[SSN]",
    /// A private key, a key of a cloud, a token.
    Secret "secret" "[SECRET]",
);

/// A set of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u32);

impl Kinds {
    /// All kinds.
    pub const ALL: Kinds = Kinds(u32::MAX);

    /// The set of these.
    pub fn of(kinds: &[Kind]) -> Kinds {
        Kinds(kinds.iter().fold(0, |set, kind| set | 1 << *kind as u32))
    }

    /// Whether a kind is in it.
    pub fn has(self, kind: Kind) -> bool {
        self.0 & 1 << kind as u32 != 0
    }
}

/// Where personal data stands: bytes on character boundaries, and its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// Behind the last byte.
    pub end: usize,
    /// What it is.
    pub kind: Kind,
}
