//! Languages of mails.

/// Whether a text is the tag of a language as templates have it: a language,
/// maybe a script, maybe a region (BCP 47), such as `de`, `zh-Hant`, `pt-BR`.
pub fn is_language(tag: &str) -> bool {
    let all = |part: &str, rule: fn(&u8) -> bool| part.bytes().all(|b| rule(&b));
    let mut parts = tag.split('-').peekable();
    let is_primary = parts
        .next()
        .is_some_and(|part| (2..=3).contains(&part.len()) && all(part, u8::is_ascii_lowercase));
    let _script = parts.next_if(|part| {
        part.len() == 4
            && all(&part[..1], u8::is_ascii_uppercase)
            && all(&part[1..], u8::is_ascii_lowercase)
    });
    let _region = parts.next_if(|part| {
        (part.len() == 2 && all(part, u8::is_ascii_uppercase))
            || (part.len() == 3 && all(part, u8::is_ascii_digit))
    });
    is_primary && tag.is_ascii() && parts.next().is_none()
}

/// Of the languages there are, the one that comes nearest to what somebody
/// wishes for, most wanted first: the same tag, else a shorter one (RFC 4647,
/// section 3.4, lookup).
pub fn choose<'a, 'w>(
    wishes: impl IntoIterator<Item = &'w str>,
    available: &[&'a str],
) -> Option<&'a str> {
    for wish in wishes {
        let mut tag = wish;
        loop {
            if let Some(found) = available.iter().find(|one| one.eq_ignore_ascii_case(tag)) {
                return Some(found);
            }
            match tag.rsplit_once('-') {
                Some((shorter, _)) => tag = shorter,
                None => break,
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_from_other_texts() {
        for good in ["de", "fil", "zh-Hant", "zh-Hant-TW", "pt-BR", "es-419"] {
            assert!(is_language(good), "{good}");
        }
        for bad in [
            "", "d", "DE", "de-", "-de", "de-de", "de_DE", "dé", "de-DE-x", "english", "zh-hant",
        ] {
            assert!(!is_language(bad), "{bad}");
        }
    }

    #[test]
    fn the_nearest_language_is_chosen() {
        let there = ["en", "de", "pt-BR"];
        assert_eq!(choose(["de-AT"], &there), Some("de"));
        assert_eq!(choose(["PT-br", "de"], &there), Some("pt-BR"));
        assert_eq!(choose(["pt", "de"], &there), Some("de"));
        assert_eq!(choose(["fr", "", "-"], &there), None);
        assert_eq!(choose([], &there), None);
    }
}
