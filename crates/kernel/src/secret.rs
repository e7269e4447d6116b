//! Keys derived from the installation's secret, and what is made with them:
//! sealed texts, capability tokens and opaque bearer tokens.

use std::fmt::Write as _;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{digest, hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::id::{Id, IdKind, TenantId};
use crate::random;

/// The shortest secret that is accepted, in bytes.
pub const MIN_SECRET: usize = 32;

/// The installation's secret, and those it had before. New things are made
/// with the current one; old ones still open what they made.
pub struct KeyRing {
    secrets: Vec<hkdf::Prk>,
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl KeyRing {
    /// A ring with the current secret first, each at least [`MIN_SECRET`] bytes.
    pub fn new<'a>(current: &'a [u8], previous: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"sutler");
        Self {
            secrets: std::iter::once(current)
                .chain(previous)
                .map(|secret| salt.extract(secret))
                .collect(),
        }
    }

    /// Independent keys for one purpose, current first (HKDF-SHA256, RFC 5869).
    pub fn derive(&self, purpose: &str) -> Vec<[u8; 32]> {
        self.secrets
            .iter()
            .map(|prk| {
                let mut key = [0u8; 32];
                prk.expand(&[purpose.as_bytes()], Length(32))
                    .and_then(|okm| okm.fill(&mut key))
                    .expect("32 bytes are within what HKDF-SHA256 can give");
                key
            })
            .collect()
    }
}

/// SHA-256.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let mut hash = [0u8; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    hash
}

/// SHA-512.
pub fn sha512(data: &[u8]) -> [u8; 64] {
    let mut hash = [0u8; 64];
    hash.copy_from_slice(digest::digest(&digest::SHA512, data).as_ref());
    hash
}

/// SHA-256 of what comes in pieces.
pub struct Sha256(digest::Context);

impl Default for Sha256 {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Sha256 {
    /// Takes the next piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The hash of all pieces.
    pub fn finish(self) -> [u8; 32] {
        let mut hash = [0u8; 32];
        hash.copy_from_slice(self.0.finish().as_ref());
        hash
    }
}

/// Bytes as hexadecimal digits.
pub fn hex(data: &[u8]) -> String {
    let mut text = String::with_capacity(2 * data.len());
    for byte in data {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Compares two secrets in constant time (for equal lengths).
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// URL-safe base 64 without padding.
pub fn base64url(data: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(data)
}

/// The bytes of URL-safe base 64 without padding.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// A message authentication code for one purpose (HMAC-SHA256).
pub struct Signer {
    keys: Vec<hmac::Key>,
}

impl Signer {
    /// A signer with keys of its own.
    pub fn new(ring: &KeyRing, purpose: &str) -> Self {
        Self {
            keys: ring
                .derive(purpose)
                .iter()
                .map(|key| hmac::Key::new(hmac::HMAC_SHA256, key))
                .collect(),
        }
    }

    /// The code of a message, with the current key.
    pub fn sign(&self, message: &[u8]) -> [u8; 32] {
        let mut code = [0u8; 32];
        if let Some(key) = self.keys.first() {
            code.copy_from_slice(hmac::sign(key, message).as_ref());
        }
        code
    }

    /// Whether a code belongs to a message under any key of the ring.
    pub fn verify(&self, message: &[u8], code: &[u8]) -> bool {
        self.keys
            .iter()
            .any(|key| hmac::verify(key, message, code).is_ok())
    }

    /// Whether a code cut to its first bytes (at least 16) belongs to a
    /// message, as RFC 2104 section 5 allows.
    pub fn verify_truncated(&self, message: &[u8], code: &[u8]) -> bool {
        code.len() >= 16
            && code.len() <= 32
            && self
                .keys
                .iter()
                .any(|key| equal(&hmac::sign(key, message).as_ref()[..code.len()], code))
    }

    /// A token that lets whoever holds it use one thing. It is computed, not
    /// stored, so a repeated request can be answered with the same one.
    pub fn capability<K: IdKind>(&self, tenant: TenantId, id: Id<K>) -> String {
        base64url(&self.sign(&capability_message(tenant, id)))
    }

    /// Whether a token is the capability for that thing.
    pub fn grants<K: IdKind>(&self, tenant: TenantId, id: Id<K>, token: &str) -> bool {
        from_base64url(token)
            .is_some_and(|code| self.verify(&capability_message(tenant, id), &code))
    }
}

fn capability_message<K: IdKind>(tenant: TenantId, id: Id<K>) -> Vec<u8> {
    format!("{tenant}/{id}").into_bytes()
}

/// Authenticated encryption of small texts at rest (AES-256-GCM). What is
/// sealed is bound to a context, such as the row it stands in.
pub struct Sealer {
    keys: Vec<LessSafeKey>,
}

/// A sealed text that does not open: changed, of another context, or made
/// with a secret that is no longer known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed value does not open with any known secret")]
pub struct SealBroken;

impl Sealer {
    /// A sealer with keys of its own.
    pub fn new(ring: &KeyRing, purpose: &str) -> Self {
        Self {
            keys: ring
                .derive(purpose)
                .iter()
                .map(|key| {
                    LessSafeKey::new(
                        UnboundKey::new(&AES_256_GCM, key)
                            .expect("a derived key has the length of an AES-256 key"),
                    )
                })
                .collect(),
        }
    }

    /// Seals a text: nonce, then ciphertext and tag.
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce = random::bytes::<NONCE_LEN>();
        let mut body = plain.to_vec();
        self.keys[0]
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                &mut body,
            )
            .expect("the text is far below the limit of AES-GCM");
        [nonce.as_slice(), &body].concat()
    }

    /// Opens what [`Sealer::seal`] made in the same context.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, SealBroken> {
        let (nonce, body) = sealed.split_at_checked(NONCE_LEN).ok_or(SealBroken)?;
        for key in &self.keys {
            let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealBroken)?;
            let mut buffer = body.to_vec();
            if let Ok(plain) = key.open_in_place(nonce, Aad::from(context), &mut buffer) {
                return Ok(plain.to_vec());
            }
        }
        Err(SealBroken)
    }
}

/// An opaque token that names its tenant and row and proves itself by 32
/// random bytes, of which only the hash is stored. Naming the tenant lets the
/// row be looked up inside that tenant's scope.
pub struct BearerToken<K> {
    /// Whose.
    pub tenant: TenantId,
    /// Which row.
    pub id: Id<K>,
    secret: [u8; 32],
}

impl<K: IdKind> BearerToken<K> {
    /// A new token for a row.
    pub fn new(tenant: TenantId, id: Id<K>) -> Self {
        Self {
            tenant,
            id,
            secret: random::bytes(),
        }
    }

    /// What is stored: the SHA-256 of the random part.
    pub fn hash(&self) -> [u8; 32] {
        sha256(&self.secret)
    }

    /// The text the holder keeps: `prefix_` and 86 characters.
    pub fn encode(&self, prefix: &str) -> String {
        let raw = [
            self.tenant.uuid().as_bytes().as_slice(),
            self.id.uuid().as_bytes(),
            &self.secret,
        ]
        .concat();
        format!("{prefix}_{}", base64url(&raw))
    }

    /// Reads the text form; `None` when it is not one.
    pub fn decode(prefix: &str, text: &str) -> Option<Self> {
        let raw = from_base64url(text.strip_prefix(prefix)?.strip_prefix('_')?)?;
        let raw: [u8; 64] = raw.try_into().ok()?;
        Some(Self {
            tenant: TenantId::from_uuid(Uuid::from_slice(&raw[..16]).ok()?),
            id: Id::from_uuid(Uuid::from_slice(&raw[16..32]).ok()?),
            secret: raw[32..].try_into().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{CartId, OrderId, SessionId, kind};
    use crate::time::Timestamp;

    fn ring(current: u8, previous: &[u8]) -> KeyRing {
        let previous: Vec<[u8; 32]> = previous.iter().map(|&b| [b; 32]).collect();
        KeyRing::new(&[current; 32], previous.iter().map(<[u8; 32]>::as_slice))
    }

    #[test]
    fn purposes_have_independent_keys() {
        let ring = ring(1, &[]);
        assert_ne!(ring.derive("a"), ring.derive("b"));
        assert_eq!(ring.derive("a"), ring.derive("a"));
    }

    #[test]
    fn a_seal_opens_only_in_its_context_and_survives_rotation() {
        let sealed = Sealer::new(&ring(1, &[]), "x").seal(b"row 1", b"hello");
        let rotated = Sealer::new(&ring(2, &[1]), "x");
        assert_eq!(rotated.open(b"row 1", &sealed).unwrap(), b"hello");
        assert_eq!(rotated.open(b"row 2", &sealed), Err(SealBroken));
        assert!(
            Sealer::new(&ring(2, &[]), "x")
                .open(b"row 1", &sealed)
                .is_err()
        );
        let mut bent = sealed.clone();
        bent[14] ^= 1;
        assert_eq!(rotated.open(b"row 1", &bent), Err(SealBroken));
        assert_eq!(rotated.open(b"row 1", &[]), Err(SealBroken));
    }

    #[test]
    fn a_capability_grants_one_thing_of_one_tenant() {
        let now = Timestamp::from_micros(0);
        let signer = Signer::new(&ring(1, &[]), "cart");
        let (tenant, cart) = (TenantId::new(now), CartId::new(now));
        let token = signer.capability(tenant, cart);
        assert!(signer.grants(tenant, cart, &token));
        assert!(!signer.grants(TenantId::new(now), cart, &token));
        assert!(!signer.grants(tenant, CartId::new(now), &token));
        assert!(!signer.grants(tenant, OrderId::from_uuid(cart.uuid()), &token));
        assert!(!signer.grants(tenant, cart, ""));
        assert!(Signer::new(&ring(2, &[1]), "cart").grants(tenant, cart, &token));
    }

    #[test]
    fn a_bearer_token_is_read_back() {
        let now = Timestamp::from_micros(0);
        let token = BearerToken::<kind::Session>::new(TenantId::new(now), SessionId::new(now));
        let text = token.encode("rt");
        let read = BearerToken::<kind::Session>::decode("rt", &text).unwrap();
        assert_eq!((read.tenant, read.id), (token.tenant, token.id));
        assert_eq!(read.hash(), token.hash());
        for bad in [
            &text[1..],
            "rt_",
            "",
            "rt_AAAA",
            &text.replace("rt_", "sk_"),
        ] {
            assert!(BearerToken::<kind::Session>::decode("rt", bad).is_none());
        }
    }
}
