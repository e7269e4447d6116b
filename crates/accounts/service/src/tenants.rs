//! Tenants, as the operator sees them.

use std::sync::Arc;

use accounts_model::AccountsError;
use accounts_model::events::TenantChanged;
use accounts_model::tenant::{Tenant, TenantSettings, TenantStatus, normalise_host};
use accounts_model::user::User;
use accounts_repository::tenants;
use database::Once;
use kernel::text::is_slug;
use kernel::{
    AuditEntry, Currency, Expected, Fault, Permission, Permissions, Role, Scope, TenantId,
};

use crate::Accounts;
use crate::authenticate::issue;
use crate::users::NewUser;

/// A tenant to make.
pub struct NewTenant {
    /// Its name in URLs and on the command line.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// The currency of its prices; it stays.
    pub currency: Currency,
    /// The host names it is reached at.
    pub hosts: Vec<String>,
}

/// A change of a tenant; what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TenantChange {
    /// What it is called.
    pub name: Option<String>,
    /// Whether it may be used.
    pub status: Option<TenantStatus>,
    /// The host names it is reached at, all of them.
    pub hosts: Option<Vec<String>>,
}

impl Accounts {
    /// The default tenant, made if this is the first start.
    pub async fn ensure_default_tenant(
        &self,
        new: NewTenant,
    ) -> Result<(Arc<Tenant>, bool), AccountsError> {
        let now = self.now();
        let tx = self.database.begin_system("tenant.default").await?;
        let tenant = Tenant {
            id: TenantId::new(now),
            slug: new.slug,
            name: new.name,
            status: TenantStatus::Active,
            is_default: true,
            settings: TenantSettings::new(new.currency),
            hosts: Vec::new(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        let made = tenants::insert_default(&tx, &tenant).await?;
        tx.commit().await?;
        self.queue.stale_tags().announce_everything();
        Ok((self.directory.of_host(None).await?, made))
    }

    /// The default tenant.
    pub async fn default_tenant(&self) -> Result<Arc<Tenant>, AccountsError> {
        Ok(self.directory.of_host(None).await?)
    }

    /// The tenant of a scope.
    pub async fn tenant(&self, scope: &Scope) -> Result<Arc<Tenant>, AccountsError> {
        self.directory
            .get(scope.tenant())
            .await?
            .ok_or(AccountsError::TenantNotFound)
    }

    /// The tenant with a slug; for the command line.
    pub async fn tenant_by_slug(&self, slug: &str) -> Result<Arc<Tenant>, AccountsError> {
        let tenants = self.directory.all().await?;
        tenants
            .iter()
            .find(|tenant| tenant.slug == slug)
            .cloned()
            .ok_or(AccountsError::TenantNotFound)
    }

    /// All tenants, oldest first.
    pub async fn tenants(&self, scope: &Scope) -> Result<Vec<Arc<Tenant>>, AccountsError> {
        scope.require(Permission::TenantsManage)?;
        Ok(self.directory.all().await?.to_vec())
    }

    /// One tenant.
    pub async fn tenant_by_id(
        &self,
        scope: &Scope,
        id: TenantId,
    ) -> Result<Arc<Tenant>, AccountsError> {
        scope.require(Permission::TenantsManage)?;
        self.directory
            .get(id)
            .await?
            .ok_or(AccountsError::TenantNotFound)
    }

    /// Makes a tenant.
    pub async fn create_tenant(
        &self,
        scope: &Scope,
        new: NewTenant,
    ) -> Result<Arc<Tenant>, AccountsError> {
        scope.require(Permission::TenantsManage)?;
        if !is_slug(&new.slug) {
            return Err(AccountsError::InvalidSlug);
        }
        let hosts = normalise(&new.hosts)?;
        self.check_hosts(&hosts)?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<Tenant>(scope, "tenant.create", now)
            .await?
        {
            Once::Replayed(tenant) => return Ok(Arc::new(tenant)),
            Once::Fresh(tx) => tx,
        };
        let tenant = Tenant {
            id: TenantId::new(now),
            slug: new.slug,
            name: new.name,
            status: TenantStatus::Active,
            is_default: false,
            settings: TenantSettings::new(new.currency),
            hosts,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        tenants::insert(&tx, &tenant).await.map_err(taken)?;
        tenants::set_hosts(&tx, tenant.id, &tenant.hosts, now)
            .await
            .map_err(|fault| host_taken(fault, &tenant.hosts))?;
        let event = TenantChanged { tenant: tenant.id };
        self.queue.publish_about(&tx, tenant.id, &event).await?;
        let entry = AuditEntry::new("tenant.create", tenant.id).after(&tenant);
        self.audit.record_in_tx(&tx, entry).await?;
        Ok(Arc::new(tx.commit_with(tenant).await?))
    }

    /// Changes a tenant, if its version is still that one.
    pub async fn change_tenant(
        &self,
        scope: &Scope,
        id: TenantId,
        change: TenantChange,
        expected: &Expected,
    ) -> Result<Arc<Tenant>, AccountsError> {
        let known = self.tenant_by_id(scope, id).await?;
        let mut tenant = (*known).clone();
        if !expected.is_met_by(tenant.version) {
            return Err(AccountsError::VersionMismatch);
        }
        if change == TenantChange::default() {
            return Ok(known);
        }
        if tenant.is_default && change.status == Some(TenantStatus::Suspended) {
            return Err(AccountsError::DefaultTenant);
        }
        let now = self.now();
        tenant.name = change.name.unwrap_or(tenant.name);
        tenant.status = change.status.unwrap_or(tenant.status);
        tenant.version += 1;
        tenant.updated_at = now;
        let tx = self.database.begin_write(scope, "tenant.change").await?;
        if !tenants::update(&tx, &tenant).await? {
            return Err(AccountsError::VersionMismatch);
        }
        if let Some(hosts) = change.hosts {
            tenant.hosts = normalise(&hosts)?;
            if !tenant.is_default {
                self.check_hosts(&tenant.hosts)?;
            }
            tenants::set_hosts(&tx, id, &tenant.hosts, now)
                .await
                .map_err(|fault| host_taken(fault, &tenant.hosts))?;
        }
        let event = TenantChanged { tenant: id };
        self.queue.publish_about(&tx, id, &event).await?;
        let entry = AuditEntry::new("tenant.change", id);
        let entry = entry.before(&*known).after(&tenant);
        self.audit.record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        Ok(Arc::new(tenant))
    }

    /// Refuses the host of the installation itself for another tenant than the
    /// default one, which would be gone from there.
    fn check_hosts(&self, hosts: &[String]) -> Result<(), AccountsError> {
        match &self.own_host {
            Some(own) if hosts.contains(own) => Err(AccountsError::OwnHost(own.clone())),
            _ => Ok(()),
        }
    }

    /// Makes an administrator of a tenant. Accounts that are there already are
    /// the tenant's own affair. What a repeated request is answered with, and
    /// the entry of the audit log, are kept in that tenant, too.
    pub async fn create_tenant_admin(
        &self,
        scope: &Scope,
        id: TenantId,
        new: NewUser,
    ) -> Result<User, AccountsError> {
        let tenant = self.tenant_by_id(scope, id).await?;
        // The log is to say which operator it was.
        let mut inside = issue(
            tenant.id,
            scope.actor(),
            Permissions::all(),
            scope.request().origin(),
        );
        if let Some(wish) = &scope.request().idempotency {
            inside = inside.with_idempotency(wish.clone());
        }
        let new = NewUser {
            role: Role::Admin,
            ..new
        };
        self.create_user(&inside, new).await
    }
}

fn normalise(hosts: &[String]) -> Result<Vec<String>, AccountsError> {
    let mut hosts = hosts
        .iter()
        .map(|host| normalise_host(host))
        .collect::<Result<Vec<_>, _>>()?;
    hosts.sort_unstable();
    hosts.dedup();
    Ok(hosts)
}

fn taken(fault: Fault) -> AccountsError {
    if fault.violates(tenants::UNIQUE_SLUG) {
        AccountsError::TenantSlugTaken
    } else {
        fault.into()
    }
}

fn host_taken(fault: Fault, hosts: &[String]) -> AccountsError {
    if tenants::UNIQUE_HOST.iter().any(|name| fault.violates(name)) {
        AccountsError::HostTaken(hosts.join(", "))
    } else {
        fault.into()
    }
}
