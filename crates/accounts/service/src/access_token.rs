//! Access tokens: JWTs of our own (RFC 9068's profile, HS256).

use std::time::Duration;

use accounts_model::AccountsError;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use kernel::secret::{KeyRing, base64url, sha256};
use kernel::{Fault, SessionId, TenantId, Timestamp, UserId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// The same for every node whatever its address is: whose token it is, the key
/// and the tenant say.
const ISSUER: &str = "sutler";
const AUDIENCE: &str = "sutler";
const TYPE: &str = "at+jwt";

/// What an access token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    aud: String,
    pub(crate) sub: UserId,
    pub(crate) sid: SessionId,
    pub(crate) tid: TenantId,
    iat: i64,
    exp: i64,
}

struct Key {
    id: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
}

/// Makes and checks access tokens.
pub(crate) struct AccessTokens {
    keys: Vec<Key>,
    validation: Validation,
}

impl AccessTokens {
    pub(crate) fn new(ring: &KeyRing) -> Self {
        let keys = ring
            .derive("access-token")
            .into_iter()
            .map(|key| Key {
                // Names the key without telling anything about it.
                id: base64url(&sha256(&sha256(&key))[..8]),
                encoding: EncodingKey::from_secret(&key),
                decoding: DecodingKey::from_secret(&key),
            })
            .collect();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[ISSUER]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Checked below, against the injected clock.
        validation.validate_exp = false;
        Self { keys, validation }
    }

    pub(crate) fn issue(
        &self,
        tenant: TenantId,
        user: UserId,
        session: SessionId,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<SecretString, Fault> {
        let key = self
            .keys
            .first()
            .ok_or_else(|| Fault::permanent("there is no key for access tokens"))?;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user,
            sid: session,
            tid: tenant,
            iat: now.seconds(),
            exp: now.plus(ttl).seconds(),
        };
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(key.id.clone());
        encode(&header, &claims, &key.encoding)
            .map(SecretString::from)
            .map_err(|error| Fault::permanent("sign an access token").caused_by(error))
    }

    /// What a token says, if it is ours and still good.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, AccountsError> {
        let invalid = |_| AccountsError::InvalidToken;
        let header = decode_header(token).map_err(invalid)?;
        if header.typ.as_deref() != Some(TYPE) {
            return Err(AccountsError::InvalidToken);
        }
        let key = self
            .keys
            .iter()
            .find(|key| Some(&key.id) == header.kid.as_ref())
            .ok_or(AccountsError::InvalidToken)?;
        let claims = decode::<Claims>(token, &key.decoding, &self.validation)
            .map_err(invalid)?
            .claims;
        if now.seconds() >= claims.exp {
            return Err(AccountsError::InvalidToken);
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::get_current_timestamp;
    use secrecy::ExposeSecret as _;

    const HOUR: Duration = Duration::from_hours(1);

    fn tokens(secret: u8) -> AccessTokens {
        AccessTokens::new(&KeyRing::new(&[secret; 32], []))
    }

    fn issue(tokens: &AccessTokens, now: Timestamp) -> String {
        tokens
            .issue(
                TenantId::new(now),
                UserId::new(now),
                SessionId::new(now),
                now,
                HOUR,
            )
            .unwrap()
            .expose_secret()
            .to_owned()
    }

    #[test]
    fn a_token_is_good_until_it_expires() {
        let now = Timestamp::from_seconds(1_000_000);
        let ours = tokens(1);
        let token = issue(&ours, now);
        assert!(ours.verify(&token, now).is_ok());
        assert!(ours.verify(&token, now.plus(HOUR)).is_err());
        assert!(tokens(2).verify(&token, now).is_err());
    }

    #[test]
    fn tokens_of_the_previous_secret_stay_good() {
        let now = Timestamp::from_seconds(1_000_000);
        let token = issue(&tokens(1), now);
        let rotated = AccessTokens::new(&KeyRing::new(&[2; 32], [[1u8; 32].as_slice()]));
        assert!(rotated.verify(&token, now).is_ok());
    }

    #[test]
    fn other_algorithms_types_and_keys_are_refused() {
        let now = Timestamp::from_seconds(i64::try_from(get_current_timestamp()).unwrap());
        let ours = tokens(1);
        let good = issue(&ours, now);
        let body = good.split('.').nth(1).unwrap();
        let kid = decode_header(&good).unwrap().kid.unwrap();
        for header in [
            r#"{"alg":"none","typ":"at+jwt"}"#.to_owned(),
            format!(r#"{{"alg":"none","typ":"at+jwt","kid":"{kid}"}}"#),
            format!(r#"{{"alg":"HS256","typ":"JWT","kid":"{kid}"}}"#),
            format!(r#"{{"alg":"HS512","typ":"at+jwt","kid":"{kid}"}}"#),
        ] {
            let signature = good.split('.').nth(2).unwrap();
            let forged = format!("{}.{body}.{signature}", base64url(header.as_bytes()));
            assert!(ours.verify(&forged, now).is_err(), "{header}");
            let unsigned = format!("{}.{body}.", base64url(header.as_bytes()));
            assert!(ours.verify(&unsigned, now).is_err(), "{header}");
        }
        for junk in ["", ".", "..", "a.b.c"] {
            assert!(ours.verify(junk, now).is_err());
        }
    }
}
