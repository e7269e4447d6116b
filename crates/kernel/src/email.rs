//! The one rule of what is a mail address: at the door, in settings, and so
//! that whatever sends mail takes it.

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

/// How long an address may be, in bytes (RFC 5321, section 4.5.3.1.3, without
/// the angle brackets).
const MAX_ADDRESS: usize = 254;
/// How long the part before the `@` may be, in bytes (section 4.5.3.1.1).
const MAX_LOCAL: usize = 64;

/// A mail address in the one form that it is stored and compared in, or none
/// if the text is no address: trimmed, in lower case, and with the name of the
/// domain as DNS has it, so that `ada@exämple.com` is `ada@xn--exmple-cua.com`
/// (UTS #46). Whether mail arrives, only mail can tell.
///
/// The part before the `@` is a `dot-atom` in ASCII (RFC 5322, section 3.4.1).
/// Quoted local parts, IP addresses in brackets and local parts beyond ASCII
/// (RFC 6531) are refused: too many mail servers do not take them.
pub fn normal(text: &str) -> Option<String> {
    let (local, domain) = text.trim().rsplit_once('@')?;
    if local.len() > MAX_LOCAL || !local.split('.').all(is_atom) {
        return None;
    }
    let domain = Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        )
        .ok()?;
    let address = format!("{}@{domain}", local.to_ascii_lowercase());
    (address.len() <= MAX_ADDRESS).then_some(address)
}

/// Whether a text is an `atom` (RFC 5322, section 3.2.3).
fn is_atom(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_normalised() {
        for (text, address) in [
            ("  Ada@Example.COM ", "ada@example.com"),
            ("o'neil+x@e.com", "o'neil+x@e.com"),
            ("a%b@e.com", "a%b@e.com"),
            ("root@localhost", "root@localhost"),
            ("ada@exämple.com", "ada@xn--exmple-cua.com"),
            ("ada@EXÄMPLE.com", "ada@xn--exmple-cua.com"),
            ("ada@почта.рф", "ada@xn--80a1acny.xn--p1ai"),
        ] {
            assert_eq!(normal(text).as_deref(), Some(address), "{text}");
            assert_eq!(normal(address).as_deref(), Some(address), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long = [
            format!("a@{}.com", "b".repeat(64)),
            format!("{}@example.com", "a".repeat(65)),
            format!("a@{}com", "abcdefgh.".repeat(28)),
        ];
        let texts = [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a@b@c",
            "a b@c.d",
            "a@b..c",
            "a@b.c.",
            "a@b\n.c",
            "a@[127.0.0.1]",
            "a@[IPv6:::1]",
            ".a@e.com",
            "a.@e.com",
            "a..b@e.com",
            "a@-e.com",
            "a@e-.com",
            "a@e_f.com",
            "a@xn--a.com",
            "a(c)@e.com",
            "\"a b\"@e.com",
            "ü@exämple.com",
            "тест@почта.рф",
            "ａbc@e.com",
            "Ada <ada@e.com>",
        ];
        for text in long.iter().map(String::as_str).chain(texts) {
            assert_eq!(normal(text), None, "{text:?}");
        }
    }
}
