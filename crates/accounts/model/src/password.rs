//! What a password must be.

use secrecy::{ExposeSecret as _, SecretString};

use crate::email::Email;
use crate::errors::AccountsError;

/// The shortest password, in characters. NIST SP 800-63B-4, section 3.1.1.2,
/// asks for length and forbids rules about kinds of characters.
pub const MIN_LENGTH: usize = 10;
/// The longest, so that hashing stays cheap to refuse.
pub const MAX_LENGTH: usize = 256;

/// Refuses passwords that are too short, too long, or easy to guess from the
/// account.
pub fn check(password: &SecretString, email: &Email) -> Result<(), AccountsError> {
    let password = password.expose_secret();
    let length = password.chars().count();
    if !(MIN_LENGTH..=MAX_LENGTH).contains(&length) {
        return Err(AccountsError::PasswordLength);
    }
    let lower = password.to_lowercase();
    let local = email.as_str().split('@').next().unwrap_or_default();
    let mut characters = lower.chars();
    let first = characters.next();
    let monotonous = characters.all(|c| Some(c) == first);
    if monotonous
        || lower == email.as_str()
        || lower.trim_matches(|c: char| !c.is_alphabetic()) == local
        || COMMON.contains(&lower.as_str())
    {
        return Err(AccountsError::PasswordGuessable);
    }
    Ok(())
}

/// The most used passwords of at least [`MIN_LENGTH`] characters, from the
/// lists of breaches that are published every year.
const COMMON: &[&str] = &[
    "1234567890",
    "0987654321",
    "1q2w3e4r5t",
    "q1w2e3r4t5",
    "qwertyuiop",
    "password12",
    "password123",
    "password1234",
    "passw0rd123",
    "qwerty12345",
    "qwerty123456",
    "12345678910",
    "123456789a",
    "a123456789",
    "iloveyou123",
    "welcome123",
    "administrator",
    "changeme123",
    "letmein1234",
    "1qaz2wsx3edc",
    "qazwsxedcrfv",
    "123123123123",
    "abcdefghij",
    "abcd123456",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_guessable_passwords_are_refused() {
        let email = Email::parse("adalovelace@example.com").unwrap();
        let check = |text: &str| check(&SecretString::from(text), &email);
        assert!(check("correct horse battery").is_ok());
        assert!(check("пароль-подлиннее").is_ok());
        for bad in [
            "short",
            "aaaaaaaaaaaa",
            "Password123",
            "adalovelace@example.com",
            "AdaLovelace1",
            &"x1".repeat(200),
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
