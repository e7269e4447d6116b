//! What a domain and its first entity are called, in every spelling.

use anyhow::{Result, bail, ensure};

/// The names of a new domain.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    /// The domain: one lower-case word.
    pub(crate) domain: String,
    /// The entity, in snake case.
    pub(crate) entity: String,
    /// Several of it, in snake case: the table.
    pub(crate) entities: String,
    /// What its ids begin with.
    pub(crate) prefix: String,
}

/// Words of Rust, and module names of the domains' own crates, that a name
/// would collide with.
const RESERVED: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "errors", "events", "extern", "false", "final", "fn", "for",
    "gen", "if", "impl", "in", "job", "jobs", "let", "lib", "loop", "macro", "main", "match",
    "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "rows", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use",
    "virtual", "where", "while", "yield",
];

impl Names {
    /// Checks the names, and makes up those that were not given.
    pub(crate) fn new(
        domain: &str,
        entity: &str,
        plural: Option<&str>,
        prefix: Option<&str>,
    ) -> Result<Self> {
        ensure!(
            is_word(domain),
            "{domain:?} is no name for a domain: use one lower-case word of 3 to 30 letters, such as `wishes`"
        );
        ensure!(
            is_snake(entity),
            "{entity:?} is no name for an entity: use lower-case words of letters with single underscores, such as `wish` or `gift_card`"
        );
        let entities = plural.map_or_else(|| plural_of(entity), str::to_owned);
        ensure!(
            is_snake(&entities),
            "{entities:?} is no plural: use lower-case words of letters with single underscores"
        );
        for name in [domain, entity, &entities] {
            ensure!(
                !RESERVED.contains(&name),
                "{name:?} means something else to Rust or to the crates of a domain; choose another name"
            );
        }
        if domain == entity || entity == entities {
            bail!(
                "the domain, the entity and its plural need different names, such as `new-domain wishes --entity wish`"
            );
        }
        let prefix = prefix.map_or_else(|| prefix_of(entity), str::to_owned);
        ensure!(
            (2..=6).contains(&prefix.len()) && prefix.bytes().all(|b| b.is_ascii_lowercase()),
            "{prefix:?} is no prefix of ids: use 2 to 6 lower-case letters"
        );
        Ok(Self {
            domain: domain.to_owned(),
            entity: entity.to_owned(),
            entities,
            prefix,
        })
    }

    /// Puts the names in the place of their placeholders.
    pub(crate) fn fill(&self, template: &str, migration: &str) -> String {
        let spaced = |name: &str| name.replace('_', " ");
        [
            ("__domain__", self.domain.clone()),
            ("__Domain__", camel(&self.domain)),
            ("__entity__", self.entity.clone()),
            ("__Entity__", camel(&self.entity)),
            ("__entity_words__", spaced(&self.entity)),
            ("__entities__", self.entities.clone()),
            ("__Entities__", camel(&self.entities)),
            ("__entities_words__", spaced(&self.entities)),
            ("__entities_path__", self.entities.replace('_', "-")),
            ("__prefix__", self.prefix.clone()),
            ("__migration__", migration.to_owned()),
        ]
        .into_iter()
        .fold(template.to_owned(), |text, (placeholder, name)| {
            text.replace(placeholder, &name)
        })
    }
}

fn is_word(name: &str) -> bool {
    (3..=30).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase())
}

fn is_snake(name: &str) -> bool {
    (2..=40).contains(&name.len())
        && name
            .split('_')
            .all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase()))
}

/// `gift_card` becomes `GiftCard`.
fn camel(snake: &str) -> String {
    snake
        .split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .collect()
}

/// The usual English plural; `--plural` is for the others.
fn plural_of(entity: &str) -> String {
    let vowel = |letter: char| "aeiou".contains(letter);
    if let Some(stem) = entity.strip_suffix('y')
        && !stem.ends_with(vowel)
    {
        return format!("{stem}ies");
    }
    let sibilant = ["s", "x", "z", "ch", "sh"];
    let ending = if sibilant.iter().any(|end| entity.ends_with(end)) {
        "es"
    } else {
        "s"
    };
    format!("{entity}{ending}")
}

/// The first letters: of the words, when there are several.
fn prefix_of(entity: &str) -> String {
    let words: Vec<&str> = entity.split('_').collect();
    match words.as_slice() {
        [word] => word.chars().take(3).collect(),
        [first, rest @ ..] => first
            .chars()
            .take(2)
            .chain(rest.iter().filter_map(|word| word.chars().next()))
            .take(6)
            .collect(),
        [] => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_follows_from_the_name() {
        let names = Names::new("vouchers", "gift_card", None, None).unwrap();
        let filled = names.fill(
            "__domain___model::__Domain__ __entity__ __Entity__Id __entity_words__ uq___entities____name \
             __Entities__ __entities_words__ __entities_path__ __prefix___0 forget___entity__ __migration__",
            "m0007_vouchers",
        );
        assert_eq!(
            filled,
            "vouchers_model::Vouchers gift_card GiftCardId gift card uq_gift_cards__name \
             GiftCards gift cards gift-cards gic_0 forget_gift_card m0007_vouchers"
        );
    }

    #[test]
    fn plurals_are_english() {
        for (one, many) in [
            ("wish", "wishes"),
            ("box", "boxes"),
            ("category", "categories"),
            ("key", "keys"),
            ("plan", "plans"),
        ] {
            assert_eq!(plural_of(one), many);
        }
    }

    #[test]
    fn bad_names_are_refused() {
        let bad =
            |domain, entity, plural, prefix| Names::new(domain, entity, plural, prefix).is_err();
        for domain in [
            "",
            "ab",
            "Wishes",
            "wish-list",
            "wish_list",
            "wishes2",
            "static",
            "wish",
        ] {
            assert!(bad(domain, "wish", None, None), "{domain:?}");
        }
        for entity in [
            "",
            "w",
            "Wish",
            "_wish",
            "wish__card",
            "wish1",
            "type",
            "wishes",
        ] {
            assert!(bad("wishes", entity, None, None), "{entity:?}");
        }
        assert!(bad("wishes", "wish", Some("wish"), None));
        assert!(bad("wishes", "wish", None, Some("W")));
        assert!(!bad("wishes", "wish", None, None));
    }
}
