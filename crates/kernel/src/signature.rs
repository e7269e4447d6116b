//! Signatures of webhooks: `t=1700000000,v1=…`, where `v1` is the HMAC-SHA256
//! of `{t}.{body}` in hexadecimal. The scheme is Stripe's
//! (<https://docs.stripe.com/webhooks/signature>), and others have taken it
//! over.

use std::fmt::Write as _;
use std::time::Duration;

use aws_lc_rs::hmac;

use crate::time::Timestamp;

/// How old a signature may be, so that a stolen delivery cannot be repeated
/// for ever.
pub const TOLERANCE: Duration = Duration::from_mins(5);

fn code(secret: &[u8], seconds: i64, body: &[u8]) -> hmac::Tag {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let mut context = hmac::Context::with_key(&key);
    context.update(seconds.to_string().as_bytes());
    context.update(b".");
    context.update(body);
    context.sign()
}

/// The header that signs a body.
pub fn sign(secret: &[u8], body: &[u8], now: Timestamp) -> String {
    let seconds = now.seconds();
    let mut header = format!("t={seconds},v1=");
    for byte in code(secret, seconds, body).as_ref() {
        // Writing to a String cannot fail.
        let _ = write!(header, "{byte:02x}");
    }
    header
}

/// Whether a header signs a body with any of the secrets, not longer ago than
/// [`TOLERANCE`] and not further in the future.
pub fn verify<'a>(
    header: &str,
    body: &[u8],
    secrets: impl IntoIterator<Item = &'a [u8]>,
    now: Timestamp,
) -> bool {
    let mut seconds = None;
    let mut codes: Vec<Vec<u8>> = Vec::new();
    for part in header.split(',').take(20) {
        match part.trim().split_once('=') {
            Some(("t", text)) => seconds = text.parse::<i64>().ok(),
            Some(("v1", text)) => codes.extend(from_hex(text)),
            _ => {}
        }
    }
    let Some(seconds) = seconds else { return false };
    let age = now.seconds().saturating_sub(seconds).unsigned_abs();
    if age > TOLERANCE.as_secs() {
        return false;
    }
    secrets.into_iter().any(|secret| {
        let expected = code(secret, seconds, body);
        codes
            .iter()
            .any(|given| crate::secret::equal(expected.as_ref(), given))
    })
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_body_its_secrets_and_five_minutes() {
        let now = Timestamp::from_seconds(1_700_000_000);
        let header = sign(b"new", b"{}", now);
        let later = |seconds| now.plus(Duration::from_secs(seconds));
        let secrets = || [b"new".as_slice(), b"old".as_slice()];
        assert!(verify(&header, b"{}", secrets(), now));
        assert!(verify(&sign(b"old", b"{}", now), b"{}", secrets(), now));
        assert!(verify(&header, b"{}", secrets(), later(300)));
        assert!(!verify(&header, b"{}", secrets(), later(301)));
        assert!(!verify(
            &sign(b"new", b"{}", later(301)),
            b"{}",
            secrets(),
            now
        ));
        assert!(!verify(&header, b"{ }", secrets(), now));
        assert!(!verify(&header, b"{}", [b"other".as_slice()], now));
        assert!(!verify(&header, b"{}", [], now));
        for bad in [
            "",
            "t=",
            "v1=00",
            "t=1700000000",
            "t=1700000000,v1=zz",
            "t=x,v1=00,é=é",
        ] {
            assert!(!verify(bad, b"{}", secrets(), now), "{bad}");
        }
    }
}
