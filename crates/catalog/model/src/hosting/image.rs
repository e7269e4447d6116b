//! References of container images.
//!
//! Source: the grammar of `github.com/distribution/reference`.

/// How long the name of an image may be, without tag and digest.
const MAX_NAME: usize = 255;

/// Refuses what is no reference of an image, such as
/// `registry.example:5000/team/app:1.2@sha256:…`.
///
/// # Errors
/// What a reference looks like.
pub fn check(reference: &str) -> Result<(), &'static str> {
    if is_reference(reference) {
        Ok(())
    } else {
        Err(
            "must be the reference of an image, such as docker.io/n8nio/n8n:1.80.0 or ghcr.io/team/app@sha256:…",
        )
    }
}

fn is_reference(reference: &str) -> bool {
    let (rest, digest) = match reference.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (reference, None),
    };
    // A colon after the last slash begins the tag.
    let last = rest.rfind('/').map_or(0, |at| at + 1);
    let (name, tag) = match rest[last..].find(':') {
        Some(at) => (&rest[..last + at], Some(&rest[last + at + 1..])),
        None => (rest, None),
    };
    name.len() <= MAX_NAME
        && is_name(name)
        && tag.is_none_or(is_tag)
        && digest.is_none_or(is_digest)
}

fn is_name(name: &str) -> bool {
    let Some((first, path)) = name.split_once('/') else {
        return is_component(name);
    };
    let is_domain = first.contains(['.', ':'])
        || first == "localhost"
        || first.bytes().any(|b| b.is_ascii_uppercase());
    (if is_domain {
        domain(first)
    } else {
        is_component(first)
    }) && path.split('/').all(is_component)
}

fn domain(text: &str) -> bool {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.split('.').all(part)
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

/// Runs of letters and digits, between them `.`, `_`, `__` or hyphens.
fn is_component(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    if !bytes.first().is_some_and(|&b| plain(b)) || !bytes.last().is_some_and(|&b| plain(b)) {
        return false;
    }
    text.split(|c: char| c.is_ascii() && plain(c as u8))
        .all(|between| match between {
            "" | "." | "_" | "__" => true,
            hyphens => hyphens.bytes().all(|b| b == b'-'),
        })
}

fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    (1..=128).contains(&tag.len())
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

fn is_digest(digest: &str) -> bool {
    let hex = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    match digest.split_once(':') {
        Some(("sha256", rest)) => rest.len() == 64 && hex(rest),
        Some(("sha512", rest)) => rest.len() == 128 && hex(rest),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_follow_the_grammar() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for good in [
            "n8n",
            "n8nio/n8n",
            "n8nio/n8n:latest",
            "docker.io/library/ghost:5.82-alpine",
            "localhost/app",
            "localhost:5000/app:v1",
            "registry.example:5000/team/app_x/y--z:1.2",
            "a__b/c.d",
            &format!("ghcr.io/team/app@{digest}"),
            &format!("ghcr.io/team/app:1@{digest}"),
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "N8N",
            "a//b",
            "/a",
            "a/",
            "a:",
            "a:.x",
            "a b",
            "https://docker.io/n8n",
            "a___b",
            "a._b",
            "-a",
            "host:0/a",
            "host:99999/a",
            "a@sha256:xyz",
            "a@md5:00",
            &"a".repeat(256),
            &format!("a:{}", "b".repeat(129)),
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
