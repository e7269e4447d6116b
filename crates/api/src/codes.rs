//! Every stable error code, for the list in `docs/errors.md`.

use kernel::{
    AccessDenied, DomainError, ErrorKind, Fault, IdempotencyConflict, OnceError, Permission,
};

use crate::modules::MODULES;
use crate::problem::status;

/// Every stable error code there is and the status it comes with, sorted.
pub fn all() -> Vec<(&'static str, u16)> {
    let mut codes: Vec<(&'static str, ErrorKind)> = MODULES
        .iter()
        .flat_map(|module| (module.codes)())
        .filter(|(code, _)| !code.is_empty())
        .chain(shared())
        .collect();
    codes.sort_unstable_by_key(|(code, _)| *code);
    let mut all: Vec<(&'static str, u16)> = codes
        .into_iter()
        .map(|(code, kind)| (code, status(kind).as_u16()))
        .collect();
    all.dedup();
    all
}

/// What every domain shares: access, idempotency and faults.
fn shared() -> [(&'static str, ErrorKind); 9] {
    let of = |error: &dyn DomainError| (error.code(), error.kind());
    [
        of(&AccessDenied::Unauthenticated),
        of(&AccessDenied::Missing(Permission::CatalogRead)),
        of(&AccessDenied::UsersOnly),
        of(&AccessDenied::SellersOnly),
        of(&AccessDenied::SecondFactor),
        of(&OnceError::from(IdempotencyConflict::KeyReused)),
        of(&OnceError::from(IdempotencyConflict::InProgress)),
        of(&Fault::permanent("")),
        of(&Fault::transient("")),
    ]
}

#[cfg(test)]
mod tests {
    use super::all;

    /// The codes and statuses of the tables in `docs/errors.md`, whose rows
    /// begin with "| `code` | status |".
    fn documented() -> Vec<(String, u16)> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md");
        let text = std::fs::read_to_string(path).unwrap();
        let mut rows: Vec<(String, u16)> = text
            .lines()
            .filter_map(|line| {
                let (code, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
                let (status, _) = rest.split_once(" |")?;
                Some((code.to_owned(), status.parse().ok()?))
            })
            .collect();
        rows.sort_unstable();
        rows
    }

    #[test]
    fn every_code_is_documented_with_its_status() {
        let known: Vec<(String, u16)> = all()
            .into_iter()
            .map(|(code, status)| (code.to_owned(), status))
            .collect();
        let documented = documented();
        let missing: Vec<_> = known.iter().filter(|c| !documented.contains(c)).collect();
        let unknown: Vec<_> = documented.iter().filter(|c| !known.contains(c)).collect();
        assert!(
            missing.is_empty() && unknown.is_empty(),
            "docs/errors.md lacks {missing:?} and has {unknown:?}, which the code does not know"
        );
        assert_eq!(documented.len(), known.len(), "a code is documented twice");
    }

    #[test]
    fn a_code_has_one_status() {
        let all = all();
        assert!(all.windows(2).all(|pair| pair[0].0 != pair[1].0), "{all:?}");
    }
}
