//! Names as Kubernetes allows them.
//!
//! Source: `k8s.io/apimachinery/pkg/util/validation/validation.go`.

/// What a name must be, in words for people.
pub type Rule = Result<(), &'static str>;

const LABEL: &str =
    "must be 1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends";
const SUBDOMAIN: &str = "must be lower-case letters, digits, hyphens and points, each part with a letter or digit at both ends, 253 characters at most";
const PORT_NAME: &str = "must be 1 to 15 lower-case letters, digits and single hyphens, with at least one letter, and no hyphen at an end";
const ENV_NAME: &str = "must be letters, digits, `_`, `-` and `.`, must not begin with a digit, nor be `.` or begin with `..`";
const KEY: &str =
    "must be 1 to 253 letters, digits, `_`, `-` and `.`, and neither be `.` nor begin with `..`";

fn rule(holds: bool, words: &'static str) -> Rule {
    if holds { Ok(()) } else { Err(words) }
}

fn is_part(text: &str) -> bool {
    let bytes = text.as_bytes();
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    bytes.iter().all(|b| plain(b) || *b == b'-')
        && bytes.first().is_some_and(plain)
        && bytes.last().is_some_and(plain)
}

/// A DNS label (RFC 1123): names of volumes.
pub fn label(text: &str) -> Rule {
    rule(is_part(text) && text.len() <= 63, LABEL)
}

/// A DNS subdomain (RFC 1123): names of secrets and storage classes.
pub fn subdomain(text: &str) -> Rule {
    rule(text.len() <= 253 && text.split('.').all(is_part), SUBDOMAIN)
}

/// The name of a port (RFC 6335, section 5.1).
pub fn port_name(text: &str) -> Rule {
    let holds = is_part(text)
        && text.len() <= 15
        && !text.contains("--")
        && text.bytes().any(|b| b.is_ascii_lowercase());
    rule(holds, PORT_NAME)
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text != "."
        && !text.starts_with("..")
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
}

/// The name of an environment variable.
pub fn env_name(text: &str) -> Rule {
    let digit = text.as_bytes().first().is_some_and(u8::is_ascii_digit);
    rule(is_word(text) && !digit && text.len() <= 253, ENV_NAME)
}

/// A key of a secret.
pub fn key(text: &str) -> Rule {
    rule(is_word(text) && text.len() <= 253, KEY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_kubernetes_takes() {
        let long = "a".repeat(63);
        for good in ["a", "0", "a-b", "a--b", long.as_str()] {
            assert!(label(good).is_ok(), "{good}");
        }
        for bad in ["", "-a", "a-", "A", "a.b", "a_b", "\u{e4}"] {
            assert!(label(bad).is_err(), "{bad}");
        }
        assert!(label(&"a".repeat(64)).is_err());
        for good in ["a.b-c.d", "fast", &"a".repeat(253)] {
            assert!(subdomain(good).is_ok(), "{good}");
        }
        for bad in ["", ".a", "a.", "a..b", "a.-b", &"a".repeat(254)] {
            assert!(subdomain(bad).is_err(), "{bad}");
        }
        for good in ["http", "a", "web-1", "1a", "abcdefghijklmno"] {
            assert!(port_name(good).is_ok(), "{good}");
        }
        for bad in ["", "80", "a--b", "-a", "Http", "abcdefghijklmnop"] {
            assert!(port_name(bad).is_err(), "{bad}");
        }
        for good in ["A", "_a", "MY.VAR-1", ".a"] {
            assert!(env_name(good).is_ok(), "{good}");
        }
        for bad in ["", "1A", "A B", "A=B", ".", "..", "..a"] {
            assert!(env_name(bad).is_err(), "{bad}");
        }
        assert!(key("tls.crt").is_ok() && key("1").is_ok() && key("a/b").is_err());
    }
}
