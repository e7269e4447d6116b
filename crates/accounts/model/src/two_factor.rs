//! The second factor: codes of an authenticator app (TOTP, RFC 6238) and the
//! recovery codes that stand in for it.

use std::time::Duration;

use kernel::Timestamp;
use kernel::secret::sha256;
use kernel::{Role, UserId};

/// Bytes of a TOTP secret: RFC 4226, section 4, recommends 160 bits.
pub const SECRET_BYTES: usize = 20;
/// How long a code is shown, in seconds (RFC 6238, section 5.2).
pub const STEP_SECONDS: u64 = 30;
/// How many steps a clock may be early or late.
pub const SKEW: u16 = 1;
/// Wrong codes in a row after which none is looked at for [`BLOCK`].
pub const MAX_FAILURES: i64 = 5;
/// How long no code is looked at. Five tries of one in 333,333 (of a million
/// codes three are good) every 15 minutes take two years for even odds.
pub const BLOCK: Duration = Duration::from_mins(15);
/// How long somebody who gave the right password may take for the code.
pub const CHALLENGE_TTL: Duration = Duration::from_mins(5);
/// Recovery codes a user gets at once.
pub const RECOVERY_CODES: usize = 10;
/// Random bytes of a recovery code: 80 bits.
pub const RECOVERY_BYTES: usize = 10;

/// How the second factor of a user stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TwoFactorStatus {
    /// Since when it is on; none when it is off.
    pub enabled_at: Option<Timestamp>,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: i64,
    /// Whether the tenant requires it of the user.
    pub required: bool,
}

/// Whether a role is one of those whom a tenant can require a second factor of
/// and whose sessions end early: who may do more than use their own account.
pub fn is_staff(role: Role) -> bool {
    role != Role::User
}

/// A code that somebody typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// Six digits of the app.
    Totp(String),
    /// A recovery code, in the form that is hashed.
    Recovery(String),
}

/// Crockford's base 32: no `i`, `l`, `o` and `u`, which are misread.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl Code {
    /// Reads what was typed: spaces and hyphens do not count, nor do capital
    /// letters. `None` when it can be neither.
    pub fn read(text: &str) -> Option<Self> {
        let bare: String = text
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .flat_map(char::to_lowercase)
            .collect();
        match bare.len() {
            6 if bare.bytes().all(|b| b.is_ascii_digit()) => Some(Self::Totp(bare)),
            16 if bare.bytes().all(|b| ALPHABET.contains(&b)) => Some(Self::Recovery(bare)),
            _ => None,
        }
    }
}

/// The text of a recovery code: four groups of four characters.
pub fn recovery_code(random: [u8; RECOVERY_BYTES]) -> String {
    let bits = random
        .iter()
        .fold(0u128, |bits, byte| (bits << 8) | u128::from(*byte));
    let mut text = String::with_capacity(19);
    for place in (0..16u32).rev() {
        if place < 15 && place % 4 == 3 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[((bits >> (5 * place)) & 31) as usize]));
    }
    text
}

/// What is stored of a recovery code. Codes have 80 random bits, so nothing
/// slower than SHA-256 is needed.
pub fn recovery_hash(user: UserId, bare: &str) -> [u8; 32] {
    sha256(&[user.uuid().as_bytes(), bare.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_are_read_as_they_are_typed() {
        let totp = |text: &str| Some(Code::Totp(text.to_owned()));
        assert_eq!(Code::read("123456"), totp("123456"));
        assert_eq!(Code::read(" 123 456 "), totp("123456"));
        for bad in [
            "",
            "12345",
            "1234567",
            "12345a",
            "١٢٣٤٥٦",
            "uuuu-uuuu-uuuu-uuuu",
        ] {
            assert_eq!(Code::read(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_recovery_code_is_read_back(random in any::<[u8; RECOVERY_BYTES]>()) {
            let text = recovery_code(random);
            prop_assert_eq!(text.len(), 19);
            let bare = text.replace('-', "");
            prop_assert_eq!(Code::read(&text), Some(Code::Recovery(bare.clone())));
            prop_assert_eq!(Code::read(&text.to_uppercase()), Some(Code::Recovery(bare)));
        }

        #[test]
        fn other_bytes_are_another_code(
            a in any::<[u8; RECOVERY_BYTES]>(), b in any::<[u8; RECOVERY_BYTES]>()
        ) {
            prop_assert_eq!(a == b, recovery_code(a) == recovery_code(b));
        }

        #[test]
        fn reading_never_panics(text in ".*") {
            let _ = Code::read(&text);
        }
    }
}
