//! Codes that let a buyer use a promotion.

use kernel::{CouponId, PromotionId, Timestamp};
use serde::{Deserialize, Serialize};

use super::PromotionStatus;
use super::errors::PromotionError;

/// Codes a cart may hold.
pub const MAX_IN_CART: usize = 5;
/// Codes that are made at a time.
pub const MAX_BATCH: u32 = 1_000;
/// How short a code may be.
pub const MIN_LENGTH: usize = 3;
/// How long a code may be.
pub const MAX_LENGTH: usize = 40;
/// Letters and digits that people do not mistake for others.
const ALPHABET: &[u8] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";

/// A code that lets a buyer use a promotion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// Which.
    pub id: CouponId,
    /// Of which promotion.
    pub promotion: PromotionId,
    /// What buyers type, in capital letters.
    pub code: String,
    /// Whether it can be used.
    pub status: PromotionStatus,
    /// How many orders may use it.
    pub use_limit: Option<i64>,
    /// How many orders use it.
    pub used: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Codes to make: one that somebody thought of, or many by chance.
#[derive(Debug, Clone)]
pub enum NewCoupons {
    /// This one.
    Chosen {
        /// What buyers type.
        code: String,
    },
    /// So many.
    Generated {
        /// How many.
        count: u32,
        /// What each begins with.
        prefix: String,
        /// How many characters of chance each has.
        length: usize,
    },
}

/// A code as it is stored and compared: without spaces around it, in capital
/// letters. Letters, digits, `-` and `_` only.
pub fn normal_code(text: &str) -> Result<String, PromotionError> {
    let code = text.trim().to_ascii_uppercase();
    let known = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if (MIN_LENGTH..=MAX_LENGTH).contains(&code.len()) && code.chars().all(known) {
        Ok(code)
    } else {
        Err(PromotionError::InvalidCode)
    }
}

impl Coupon {
    /// A code of a promotion that nobody has used.
    pub fn new(promotion: PromotionId, code: String, limit: Option<i64>, now: Timestamp) -> Self {
        Self {
            id: CouponId::new(now),
            promotion,
            code,
            status: PromotionStatus::Active,
            use_limit: limit,
            used: 0,
            created_at: now,
            updated_at: now,
        }
    }
}

impl NewCoupons {
    /// The codes, all different.
    pub fn codes(&self) -> Result<Vec<String>, PromotionError> {
        match self {
            Self::Chosen { code } => Ok(vec![normal_code(code)?]),
            Self::Generated {
                count,
                prefix,
                length,
            } => generated(*count, prefix, *length),
        }
    }
}

/// With 31 letters and digits, eight of them leave a guesser one chance in
/// 850 thousand million for each code there is.
fn generated(count: u32, prefix: &str, length: usize) -> Result<Vec<String>, PromotionError> {
    if !(8..=24).contains(&length) || !(1..=MAX_BATCH).contains(&count) {
        return Err(PromotionError::InvalidCode);
    }
    let mut codes = std::collections::BTreeSet::new();
    while codes.len() < usize::try_from(count).unwrap_or(0) {
        let chance = (0..length).map(|_| {
            let at = kernel::random::below(ALPHABET.len() as u64);
            char::from(ALPHABET[usize::try_from(at).unwrap_or(0)])
        });
        let code: String = prefix.chars().chain(chance).collect();
        codes.insert(normal_code(&code)?);
    }
    Ok(codes.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_compared_in_capital_letters() {
        assert_eq!(normal_code(" summer-26 ").unwrap(), "SUMMER-26");
        for bad in ["", "ab", "two words", "ÄPFEL", "a/b/c", &"x".repeat(41)] {
            assert!(normal_code(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn generated_codes_differ_and_can_be_typed() {
        let new = NewCoupons::Generated {
            count: 500,
            prefix: "vip-".into(),
            length: 8,
        };
        let codes = new.codes().unwrap();
        assert_eq!(codes.len(), 500);
        for code in &codes {
            assert!(code.starts_with("VIP-") && code.len() == 12, "{code}");
            assert!(!code[4..].contains(['0', 'O', '1', 'I', 'L']), "{code}");
            assert_eq!(normal_code(code).unwrap(), *code);
        }
        for (count, length) in [(0, 8), (1, 7), (1, 25), (1001, 8)] {
            let prefix = String::new();
            let bad = NewCoupons::Generated {
                count,
                prefix,
                length,
            };
            assert!(bad.codes().is_err(), "{count} {length}");
        }
    }
}
