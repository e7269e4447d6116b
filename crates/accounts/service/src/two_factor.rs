//! The second factor: enrolling, confirming, using, turning off.

use accounts_model::AccountsError;
use accounts_model::events::AccessChanged;
use accounts_model::jobs::{Notice, SendNotice};
use accounts_model::two_factor::{
    BLOCK, Code, MAX_FAILURES, RECOVERY_CODES, SECRET_BYTES, SKEW, STEP_SECONDS, TwoFactorStatus,
    is_staff, recovery_code, recovery_hash,
};
use accounts_model::user::User;
use accounts_repository::two_factors::{self, Which};
use accounts_repository::{sessions, users};
use database::Transaction;
use kernel::{
    AuditEntry, Fault, Permission, Role, Scope, Snapshot, TenantId, Timestamp, UserId, random,
};
use secrecy::SecretString;
use totp_rs::{Algorithm, Builder, Secret, Totp};

use crate::Accounts;

/// What an authenticator app needs; shown once.
pub struct Enrolment {
    /// The secret in base 32, to be typed.
    pub secret: SecretString,
    /// The same as an `otpauth://` address, for a QR code.
    pub uri: SecretString,
}

impl Accounts {
    /// How the second factor of the signed-in user stands.
    pub async fn two_factor(&self, scope: &Scope) -> Result<TwoFactorStatus, AccountsError> {
        let (user, _) = scope.require_session()?;
        let tenant = self.tenant(scope).await?;
        let db = self.database.read(scope).await?;
        let role = users::find(&db, user)
            .await?
            .ok_or(AccountsError::UserNotFound)?
            .role;
        let standing = two_factors::standing(&db, user).await?;
        let enabled_at = standing
            .as_ref()
            .and_then(|standing| standing.confirmed_at)
            .map(Timestamp::from_micros);
        Ok(TwoFactorStatus {
            enabled_at,
            recovery_codes_left: standing
                .filter(|_| enabled_at.is_some())
                .map_or(0, |standing| standing.codes_left),
            required: tenant.settings.require_two_factor && is_staff(role),
        })
    }

    /// Makes a secret for the signed-in user's app. It counts once a code of
    /// it was confirmed.
    pub async fn enroll_two_factor(
        &self,
        scope: &Scope,
        password: &SecretString,
    ) -> Result<Enrolment, AccountsError> {
        let user = self.prove_password(scope, password).await?;
        let tenant = self.tenant(scope).await?;
        let secret = random::bytes::<SECRET_BYTES>();
        let totp = totp(&secret, Some((&tenant.name, &user)))?;
        let enrolment = Enrolment {
            secret: totp.secret().to_base32().into(),
            uri: totp
                .to_url()
                .map_err(|error| unusable("name an authenticator's account", error))?
                .into(),
        };
        let tx = self
            .database
            .begin_write(scope, "two_factor.enroll")
            .await?;
        let sealed = self.seals.seal(&context(scope.tenant(), user.id), &secret);
        if !two_factors::enroll(&tx, user.id, sealed, self.now()).await? {
            return Err(AccountsError::TwoFactorEnabled);
        }
        tx.commit().await?;
        Ok(enrolment)
    }

    /// Turns the second factor on with a first code: the recovery codes. All
    /// other sessions of the user end.
    pub async fn confirm_two_factor(
        &self,
        scope: &Scope,
        code: &str,
    ) -> Result<Vec<String>, AccountsError> {
        let (user, session) = scope.require_session()?;
        let now = self.now();
        let tx = self
            .database
            .begin_write(scope, "two_factor.confirm")
            .await?;
        // Whoever signs in at the same time either finds it on, or is ended.
        let known = users::lock(&tx, user)
            .await?
            .ok_or(AccountsError::UserNotFound)?;
        let tried = self.check_code(&tx, user, Which::Enrolled, code).await;
        if let Err(error) = tried {
            return Err(refused(tx, error).await.of_signed_in());
        }
        if !two_factors::confirm(&tx, user, now).await? {
            return Err(AccountsError::TwoFactorEnabled);
        }
        let codes = new_recovery_codes(&tx, user).await?;
        sessions::revoke_others(&tx, user, session, "two_factor_enabled", now).await?;
        self.two_factor_changed(
            &tx,
            &known.user,
            Notice::TwoFactorEnabled,
            "two_factor.enable",
        )
        .await?;
        tx.commit().await?;
        Ok(codes)
    }

    /// Turns the second factor off.
    pub async fn disable_two_factor(
        &self,
        scope: &Scope,
        password: &SecretString,
        code: &str,
    ) -> Result<(), AccountsError> {
        let user = self.prove_password(scope, password).await?;
        if self.tenant(scope).await?.settings.require_two_factor && is_staff(user.role) {
            return Err(AccountsError::TwoFactorMandatory);
        }
        let tx = self
            .database
            .begin_write(scope, "two_factor.disable")
            .await?;
        let tried = self.check_code(&tx, user.id, Which::Confirmed, code).await;
        if let Err(error) = tried {
            return Err(refused(tx, error).await.of_signed_in());
        }
        two_factors::remove(&tx, user.id).await?;
        self.two_factor_changed(&tx, &user, Notice::TwoFactorDisabled, "two_factor.disable")
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Replaces the recovery codes of the signed-in user.
    pub async fn renew_recovery_codes(
        &self,
        scope: &Scope,
        code: &str,
    ) -> Result<Vec<String>, AccountsError> {
        let (user, _) = scope.require_session()?;
        let tx = self.database.begin_write(scope, "two_factor.renew").await?;
        let tried = self.check_code(&tx, user, Which::Confirmed, code).await;
        if let Err(error) = tried {
            return Err(refused(tx, error).await.of_signed_in());
        }
        let codes = new_recovery_codes(&tx, user).await?;
        tx.commit().await?;
        Ok(codes)
    }

    /// Turns the second factor of another user off, who lost it and their
    /// recovery codes. Their sessions end.
    pub async fn reset_two_factor(&self, scope: &Scope, id: UserId) -> Result<(), AccountsError> {
        scope.require(Permission::UsersWrite)?;
        if scope.user() == Some(id) {
            return Err(AccountsError::OwnAccount);
        }
        let now = self.now();
        let tx = self.database.begin_write(scope, "two_factor.reset").await?;
        let user = users::find(&tx, id)
            .await?
            .ok_or(AccountsError::UserNotFound)?;
        if user.role == Role::Operator {
            return Err(AccountsError::OperatorAccount);
        }
        if !two_factors::remove(&tx, id).await? {
            return Err(AccountsError::TwoFactorNotEnabled);
        }
        sessions::revoke_all(&tx, id, "two_factor_reset", now).await?;
        let notice = SendNotice {
            user: id,
            notice: Notice::TwoFactorDisabled,
        };
        self.queue.enqueue(&tx, &notice).await?;
        self.queue.publish(&tx, &AccessChanged { user: id }).await?;
        let (before, after) = standings(true);
        let entry = AuditEntry::new("two_factor.reset", id);
        let entry = entry.before(&before).after(&after);
        self.audit.record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Looks at a code, which then works no more. The try is counted before;
    /// of an error, the transaction must be committed so that it stays so.
    pub(crate) async fn check_code(
        &self,
        tx: &Transaction,
        user: UserId,
        which: Which,
        code: &str,
    ) -> Result<(), AccountsError> {
        let now = self.now();
        let blocked_until = now.plus(BLOCK);
        let tried =
            two_factors::begin_try(tx, user, which, MAX_FAILURES, now, blocked_until).await?;
        let Some(tried) = tried else {
            let standing = two_factors::standing(tx, user).await?;
            let blocked = standing
                .and_then(|standing| standing.blocked_until)
                .map(Timestamp::from_micros);
            return Err(match blocked {
                Some(until) if until > now => AccountsError::TwoFactorBlocked(until.since(now)),
                _ if which == Which::Enrolled => AccountsError::TwoFactorNotEnrolled,
                _ => AccountsError::TwoFactorNotEnabled,
            });
        };
        let accepted = match Code::read(code) {
            Some(Code::Totp(digits)) => {
                let secret = self
                    .seals
                    .open(&context(tx.scope().tenant(), user), &tried.secret)
                    .map_err(|error| Fault::permanent("open a TOTP secret").caused_by(error))?;
                match step_of(&secret, &digits, now)? {
                    Some(step) => two_factors::accept_step(tx, user, step).await?,
                    None => false,
                }
            }
            Some(Code::Recovery(bare)) if which == Which::Confirmed => {
                two_factors::accept_recovery(tx, user, recovery_hash(user, &bare), now).await?
            }
            _ => false,
        };
        if accepted {
            Ok(())
        } else {
            Err(AccountsError::TwoFactorCode)
        }
    }

    /// Who is signed in, if the password is theirs.
    pub(crate) async fn prove_password(
        &self,
        scope: &Scope,
        password: &SecretString,
    ) -> Result<User, AccountsError> {
        scope.require_session()?;
        let user = self.me(scope).await?;
        let db = self.database.read(scope).await?;
        let known = users::find_by_email(&db, &user.email).await?;
        drop(db);
        let hash = known.map(|known| known.password_hash);
        if self.passwords.verify(password, hash.as_deref()).await? {
            Ok(user)
        } else {
            Err(AccountsError::WrongPassword)
        }
    }

    /// Tells everybody, the user by mail, and for those who run the shop the
    /// audit log.
    async fn two_factor_changed(
        &self,
        tx: &Transaction,
        user: &User,
        notice: Notice,
        action: &'static str,
    ) -> Result<(), Fault> {
        let job = SendNotice {
            user: user.id,
            notice,
        };
        self.queue.enqueue(tx, &job).await?;
        self.queue
            .publish(tx, &AccessChanged { user: user.id })
            .await?;
        if is_staff(user.role) {
            let (before, after) = standings(notice == Notice::TwoFactorDisabled);
            let entry = AuditEntry::new(action, user.id);
            let entry = entry.before(&before).after(&after);
            self.audit.record_in_tx(tx, entry).await?;
        }
        Ok(())
    }
}

/// Keeps what a refused try counted, and gives the error back.
pub(crate) async fn refused(tx: Transaction, error: AccountsError) -> AccountsError {
    match error {
        AccountsError::TwoFactorCode => match tx.commit().await {
            Ok(()) => error,
            Err(fault) => fault.into(),
        },
        other => other,
    }
}

fn standings(was_on: bool) -> (Snapshot, Snapshot) {
    let on = |on: bool| Snapshot::new().with("two_factor", on);
    (on(was_on), on(!was_on))
}

async fn new_recovery_codes(tx: &Transaction, user: UserId) -> Result<Vec<String>, Fault> {
    let codes: Vec<String> = (0..RECOVERY_CODES)
        .map(|_| recovery_code(random::bytes()))
        .collect();
    let hashes: Vec<[u8; 32]> = codes
        .iter()
        .map(|code| recovery_hash(user, &code.replace('-', "")))
        .collect();
    two_factors::set_recovery_codes(tx, user, &hashes).await?;
    Ok(codes)
}

/// What a sealed secret is bound to.
fn context(tenant: TenantId, user: UserId) -> Vec<u8> {
    format!("{tenant}/{user}").into_bytes()
}

fn unusable(what: &str, error: impl std::fmt::Display) -> Fault {
    Fault::permanent(format!("{what}: {error}"))
}

/// TOTP as every app knows it (RFC 6238: SHA-1, six digits, 30 seconds). What
/// an app shows, the name of the shop and the address, has no colons.
fn totp(secret: &[u8], of: Option<(&str, &User)>) -> Result<Totp, Fault> {
    let plain = |text: &str| text.replace(':', " ");
    let (issuer, account) = match of {
        Some((shop, user)) => (Some(plain(shop)), plain(user.email.as_str())),
        None => (None, "account".to_owned()),
    };
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(SKEW)
        .with_step_duration(STEP_SECONDS)
        .with_secret(Secret::from(secret.to_vec()))
        .with_issuer(issuer)
        .with_account_name(account)
        .build()
        .map_err(|error| unusable("make a TOTP", error))
}

/// The step whose code it is, if it is a good one now.
fn step_of(secret: &[u8], digits: &str, now: Timestamp) -> Result<Option<i64>, Fault> {
    let seconds = u64::try_from(now.seconds()).unwrap_or(0);
    let step = totp(secret, None)?.check(digits, seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, the vectors of SHA-1, of which an app shows the
    /// last six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (seconds, digits) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let now = Timestamp::from_seconds(seconds);
            let step = step_of(secret, digits, now).unwrap();
            assert_eq!(step, Some(seconds / 30), "{seconds}");
            // One step early or late, and no more.
            if seconds < 1_000 {
                // There is no time before the first step.
                continue;
            }
            for (off, good) in [(-30, true), (30, true), (-60, false), (60, false)] {
                let then = Timestamp::from_seconds(seconds + off);
                assert_eq!(step_of(secret, digits, then).unwrap().is_some(), good);
            }
        }
        assert_eq!(
            step_of(secret, "000000", Timestamp::from_seconds(59)).unwrap(),
            None
        );
    }
}
