//! Gift cards: credit that whoever knows a code gets, once.

use kernel::{Audited, GiftCardId, Money, Snapshot, Timestamp, WalletId};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use crate::errors::CreditsError;

/// How many characters a code has, without its hyphens: 100 bits.
pub const CODE_LENGTH: usize = 20;
/// How many characters stand between two hyphens.
const GROUP: usize = 5;
/// Crockford's base 32, <https://www.crockford.com/base32.html>.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Where a gift card stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum GiftCardStatus {
    /// It can be redeemed.
    Active,
    /// It is in a wallet.
    Redeemed,
    /// The shop took it back.
    Voided,
    /// Its time is over.
    Expired,
}

/// A gift card, without its code: nobody keeps that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GiftCard {
    /// Which.
    pub id: GiftCardId,
    /// How much.
    pub amount: Money,
    /// Where it stood when somebody last did something to it; see
    /// [`GiftCard::status_at`].
    pub status: GiftCardStatus,
    /// The last characters of its code, to tell cards apart.
    pub hint: String,
    /// What the shop wrote about it, for itself.
    pub note: Option<String>,
    /// When it can be redeemed no longer.
    pub expires_at: Option<Timestamp>,
    /// Into which wallet it was redeemed.
    pub wallet: Option<WalletId>,
    /// When.
    pub redeemed_at: Option<Timestamp>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl GiftCard {
    /// Where it stands at an instant.
    pub fn status_at(&self, now: Timestamp) -> GiftCardStatus {
        match self.status {
            GiftCardStatus::Active if self.expires_at.is_some_and(|at| at <= now) => {
                GiftCardStatus::Expired
            }
            status => status,
        }
    }

    /// Refuses when it cannot be redeemed.
    pub fn require_active(&self, now: Timestamp) -> Result<(), CreditsError> {
        match self.status_at(now) {
            GiftCardStatus::Active => Ok(()),
            GiftCardStatus::Redeemed => Err(CreditsError::GiftCardRedeemed),
            GiftCardStatus::Voided => Err(CreditsError::GiftCardVoided),
            GiftCardStatus::Expired => Err(CreditsError::GiftCardExpired),
        }
    }

    /// The shop takes it back. One that is over can be taken back, too: it
    /// makes no difference.
    pub fn void(&mut self, now: Timestamp) -> Result<(), CreditsError> {
        match self.status {
            GiftCardStatus::Active | GiftCardStatus::Expired => {
                self.status = GiftCardStatus::Voided;
                self.updated_at = now;
                Ok(())
            }
            GiftCardStatus::Redeemed => Err(CreditsError::GiftCardRedeemed),
            GiftCardStatus::Voided => Err(CreditsError::GiftCardVoided),
        }
    }
}

impl Audited for GiftCard {
    fn snapshot(&self) -> Snapshot {
        let status: &'static str = self.status.into();
        Snapshot::new()
            .with("amount", self.amount)
            .with("status", status)
            .with("expires_at", self.expires_at)
            .with("wallet", self.wallet)
    }
}

/// The code that some random bytes make: four groups of five characters. Of
/// the bytes the lower five bits count.
pub fn code_of(bytes: &[u8; CODE_LENGTH]) -> String {
    let mut code = String::with_capacity(CODE_LENGTH + CODE_LENGTH / GROUP - 1);
    for (n, byte) in bytes.iter().enumerate() {
        if n > 0 && n % GROUP == 0 {
            code.push('-');
        }
        code.push(char::from(ALPHABET[usize::from(byte & 31)]));
    }
    code
}

/// A code as it was typed, without hyphens and blanks, in capitals, and with
/// those letters that look like digits as digits. None when it cannot be one.
pub fn normalized(typed: &str) -> Option<String> {
    let code: String = typed
        .chars()
        .filter(|c| *c != '-' && !c.is_whitespace())
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect();
    let known = code.bytes().all(|byte| ALPHABET.contains(&byte));
    (known && code.len() == CODE_LENGTH).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_however_they_are_typed() {
        let mut bytes = [0u8; CODE_LENGTH];
        for (n, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::try_from(n * 13 % 256).unwrap();
        }
        let code = code_of(&bytes);
        assert_eq!(code, "0DT7M-1EV8N-2FW9P-3GXAQ");
        let plain = code.replace('-', "");
        assert_eq!(normalized(&code), Some(plain.clone()));
        assert_eq!(normalized("odt7m 1ev8n 2fw9p 3gxaq"), Some(plain.clone()));
        assert_eq!(normalized("0DT7M-lEV8N2FW9P-3GXAQ"), Some(plain.clone()));
        assert_eq!(normalized(&plain[1..]), None);
        assert_eq!(normalized(&plain.replace('D', "U")), None);
        assert_eq!(normalized(""), None);
    }
}
