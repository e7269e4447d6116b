//! Hashing of passwords: argon2id, a few at a time, away from the threads
//! that serve requests.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use kernel::Fault;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{OnceCell, Semaphore};

/// Hashes and checks passwords.
pub(crate) struct Passwords {
    argon2: Argon2<'static>,
    places: Arc<Semaphore>,
    decoy: OnceCell<String>,
}

impl Passwords {
    pub(crate) fn new(settings: &config::Auth) -> Self {
        let params = Params::new(
            settings.hash_memory_kib.get(),
            settings.hash_iterations.get(),
            1,
            None,
        )
        .unwrap_or_default();
        Self {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            places: Arc::new(Semaphore::new(settings.hash_concurrency.get())),
            decoy: OnceCell::new(),
        }
    }

    /// The hash of a password, in PHC string format, with a new salt.
    pub(crate) async fn hash(&self, password: &SecretString) -> Result<String, Fault> {
        let (argon2, password) = (self.argon2.clone(), password.clone());
        self.compute(move || {
            argon2
                .hash_password(password.expose_secret().as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|error| Fault::permanent(format!("hash a password: {error}")))
        })
        .await?
    }

    /// Whether a password is the one of a hash. Without a hash, because there
    /// is no such account, the same work is done for nothing, so that the
    /// time does not tell.
    pub(crate) async fn verify(
        &self,
        password: &SecretString,
        hash: Option<&str>,
    ) -> Result<bool, Fault> {
        let known = hash.is_some();
        let hash = match hash {
            Some(hash) => hash.to_owned(),
            None => self
                .decoy
                .get_or_try_init(|| self.hash(password))
                .await?
                .clone(),
        };
        let (argon2, password) = (self.argon2.clone(), password.clone());
        let matches = self
            .compute(move || {
                PasswordHash::new(&hash).is_ok_and(|hash| {
                    argon2
                        .verify_password(password.expose_secret().as_bytes(), &hash)
                        .is_ok()
                })
            })
            .await?;
        Ok(known && matches)
    }

    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let place = self
            .places
            .clone()
            .acquire_owned()
            .await
            .map_err(|error| Fault::permanent("wait to hash").caused_by(error))?;
        tokio::task::spawn_blocking(move || {
            let result = work();
            drop(place);
            result
        })
        .await
        .map_err(|error| Fault::transient("hash").caused_by(error))
    }
}
