//! Small rules about texts that several domains share.

/// A text in lower-case ASCII letters, digits and single hyphens, made from a
/// name: what stands in a URL. Letters outside ASCII are dropped; the caller
/// decides what to do with an empty answer.
pub fn slug(name: &str) -> String {
    let mut slug = String::with_capacity(name.len());
    for character in name.chars().flat_map(char::to_lowercase) {
        if character.is_ascii_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// Whether a text has the form that [`slug`] makes.
pub fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && !text.contains("--")
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_become_slugs() {
        assert_eq!(slug("Trail Runner 2 (Men's)"), "trail-runner-2-men-s");
        assert_eq!(slug("  --  "), "");
        assert_eq!(slug("Über"), "ber");
    }

    proptest! {
        #[test]
        fn a_slug_is_a_slug(name in ".{0,64}") {
            let made = slug(&name);
            prop_assert!(made.is_empty() || is_slug(&made));
            prop_assert_eq!(slug(&made), made);
        }
    }
}
