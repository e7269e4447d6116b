//! What the secrets of an instance are: sealed until they are shown, once.

use std::collections::BTreeMap;

use clusters_model::ClustersError;
use clusters_model::instance::{CredentialsStatus, Instance};
use clusters_model::template::Value;
use clusters_repository::instances;
use database::{Once, Scoped, retrying};
use kernel::{Fault, InstanceId, Scope, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::{from_slice, to_vec};

use crate::Clusters;

/// What somebody needs to use their instance.
#[derive(Serialize, Deserialize)]
pub struct Credentials {
    /// Where it is reached.
    pub host: Option<String>,
    /// Its secret environment variables.
    pub variables: BTreeMap<String, String>,
}

impl Clusters {
    /// Shows the secrets of one's own instance and forgets them: of any number
    /// of callers at the same time one sees them. Repeated with the same
    /// idempotency key they are shown again. The cluster keeps what runs.
    pub async fn credentials(
        &self,
        scope: &Scope,
        id: InstanceId,
    ) -> Result<Credentials, ClustersError> {
        retrying("instance.credentials", || self.credentials_once(scope, id)).await
    }

    async fn credentials_once(
        &self,
        scope: &Scope,
        id: InstanceId,
    ) -> Result<Credentials, ClustersError> {
        let owner = scope.require_user()?;
        let tx = match self
            .database
            .begin_once::<Credentials>(scope, "instance.credentials", self.now())
            .await?
        {
            Once::Replayed(shown) => return Ok(shown),
            Once::Fresh(tx) => tx,
        };
        let known = instances::find(&tx, id)
            .await?
            .filter(|one| one.owner == owner)
            .ok_or(ClustersError::InstanceNotFound)?;
        if known.credentials == CredentialsStatus::None {
            return Err(ClustersError::NoCredentials);
        }
        let secrets = self.secrets_of(&tx, scope.tenant(), id).await?;
        if !instances::forget_credentials(&tx, id, owner, self.now()).await? {
            return Err(match known.credentials {
                _ if known.status.is_over() => ClustersError::Over,
                CredentialsStatus::Waiting => ClustersError::NotReady,
                _ => ClustersError::CredentialsShown,
            });
        }
        let secrets = secrets.ok_or(ClustersError::CredentialsShown)?;
        let shown = Credentials {
            host: known.host(),
            variables: variables(&known, &secrets),
        };
        Ok(tx.commit_with(shown).await?)
    }

    /// The secrets of an instance, as long as they are kept.
    pub(crate) async fn secrets_of(
        &self,
        db: &Scoped,
        tenant: TenantId,
        id: InstanceId,
    ) -> Result<Option<BTreeMap<String, String>>, Fault> {
        let Some(sealed) = instances::sealed_credentials(db, id).await? else {
            return Ok(None);
        };
        let plain = self
            .secrets
            .open(context(tenant, id).as_bytes(), &sealed)
            .map_err(|error| {
                Fault::permanent("open the secrets of an instance").caused_by(error)
            })?;
        from_slice(&plain)
            .map(Some)
            .map_err(|error| Fault::permanent("read the secrets of an instance").caused_by(error))
    }

    pub(crate) fn seal_secrets(
        &self,
        tenant: TenantId,
        id: InstanceId,
        secrets: &BTreeMap<&str, String>,
    ) -> Result<Vec<u8>, Fault> {
        let plain = to_vec(secrets).map_err(|error| {
            Fault::permanent("write the secrets of an instance").caused_by(error)
        })?;
        Ok(self.secrets.seal(context(tenant, id).as_bytes(), &plain))
    }
}

/// The variables that are secret, by their names.
fn variables(one: &Instance, secrets: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let variables = one.template.variables.iter();
    variables
        .filter_map(|variable| match &variable.value {
            Value::Plain(_) => None,
            Value::Secret(name) => Some((variable.name.clone(), secrets.get(name)?.clone())),
        })
        .collect()
}

/// The row that they stand in.
fn context(tenant: TenantId, id: InstanceId) -> String {
    format!("service_instances/{tenant}/{id}")
}
