//! The audit log: recording administrative actions, and reading them.

use std::sync::Arc;

use accounts_model::AccountsError;
use accounts_model::audit::{AuditFilter, AuditRecord, Chained, Follow, Verdict};
use accounts_repository::audit;
use database::Transaction;
use kernel::secret::{KeyRing, Signer};
use kernel::{AuditEntry, Clock, Fault, Page, PageRequest, Permission, Scope, TenantId};

use crate::Accounts;

/// How many entries are read at a time.
const AT_ONCE: i64 = 500;

/// Records what administrators do. Cheap to clone.
#[derive(Clone)]
pub struct Audit {
    clock: Arc<dyn Clock>,
    signer: Arc<Signer>,
}

impl Audit {
    /// A log whose ends of chains are signed with a key of their own.
    pub(crate) fn new(clock: Arc<dyn Clock>, keys: &KeyRing) -> Self {
        Self {
            clock,
            signer: Arc::new(Signer::new(keys, "audit")),
        }
    }

    /// Records an action in the transaction that does it: both happen, or
    /// neither. To be called when the rest of the transaction is done, because
    /// the end of the tenant's chain stays locked until it commits.
    pub async fn record_in_tx(&self, tx: &Transaction, entry: AuditEntry) -> Result<(), Fault> {
        let tenant = tx.scope().tenant();
        let head = audit::lock_head(tx).await?;
        let record = AuditRecord::new(head.sequence + 1, tx.scope(), &entry, self.clock.now());
        let hash = record.hash(tenant, &head.hash);
        let seal = self
            .signer
            .sign(&sealed(tenant, record.sequence, hash.as_slice()));
        if audit::append(tx, &record, hash, seal).await? {
            Ok(())
        } else {
            Err(Fault::permanent("an entry does not follow its chain"))
        }
    }

    /// Whether we signed the end of a chain.
    fn is_signed(&self, tenant: TenantId, head: &audit::Head) -> bool {
        self.signer
            .verify(&sealed(tenant, head.sequence, &head.hash), &head.seal)
    }
}

#[async_trait::async_trait]
impl queue::admin::ActionLog for Audit {
    async fn record_in_tx(&self, tx: &Transaction, entry: AuditEntry) -> Result<(), Fault> {
        Self::record_in_tx(self, tx, entry).await
    }
}

/// What is signed of the end of a chain.
fn sealed(tenant: TenantId, sequence: i64, hash: &[u8]) -> Vec<u8> {
    [tenant.uuid().as_bytes(), &sequence.to_be_bytes()[..], hash].concat()
}

/// Entries in the order of the log, a part at a time.
pub struct AuditPart {
    /// The entries.
    pub entries: Vec<Chained>,
    /// Where to go on; none at the end.
    pub next: Option<AuditPlace>,
}

/// A place in the log, of somebody who reads all of it.
#[derive(Debug, Clone, Copy)]
pub struct AuditPlace {
    after: i64,
    until: i64,
}

/// The filter, within what the caller may know: other tenants are the business
/// of operators.
fn seen_by(scope: &Scope, filter: &AuditFilter) -> AuditFilter {
    let own = scope.tenant().to_string();
    AuditFilter {
        no_tenant_but: (!scope.may(Permission::TenantsManage)).then_some(own),
        ..filter.clone()
    }
}

impl Accounts {
    /// The audit log.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Entries of the tenant's log, newest first.
    pub async fn audit_entries(
        &self,
        scope: &Scope,
        filter: &AuditFilter,
        page: PageRequest<i64>,
    ) -> Result<Page<Chained, i64>, AccountsError> {
        scope.require(Permission::AuditRead)?;
        let db = self.database.read(scope).await?;
        Ok(audit::list(&db, &seen_by(scope, filter), page).await?)
    }

    /// Entries of the tenant's log, oldest first, in parts: from the start
    /// when no place is given, and up to what was the end then.
    pub async fn audit_part(
        &self,
        scope: &Scope,
        filter: &AuditFilter,
        place: Option<AuditPlace>,
    ) -> Result<AuditPart, AccountsError> {
        scope.require(Permission::AuditRead)?;
        let db = self.database.read(scope).await?;
        let place = match place {
            Some(place) => place,
            None => AuditPlace {
                after: 0,
                until: audit::head(&db).await?.map_or(0, |head| head.sequence),
            },
        };
        let filter = seen_by(scope, filter);
        let entries = audit::following(&db, &filter, place.after, place.until, AT_ONCE).await?;
        let full = i64::try_from(entries.len()).is_ok_and(|count| count == AT_ONCE);
        let next = entries.last().filter(|_| full).map(|last| AuditPlace {
            after: last.record.sequence,
            ..place
        });
        Ok(AuditPart { entries, next })
    }

    /// Follows the chain of the tenant's log from the start to what is its end
    /// now, and names the first entry that was changed or is missing.
    pub async fn verify_audit(&self, scope: &Scope) -> Result<Verdict, AccountsError> {
        scope.require(Permission::AuditRead)?;
        let tenant = scope.tenant();
        let mut follow = Follow::new(tenant);
        let db = self.database.read(scope).await?;
        let head = audit::head(&db).await?;
        // What is appended meanwhile is for the next time. Without an end
        // there is nothing to be found, whatever was put into the table.
        let until = head.as_ref().map_or(i64::MAX, |head| head.sequence);
        let mut after = 0;
        loop {
            let all = AuditFilter::default();
            let part = audit::following(&db, &all, after, until, AT_ONCE).await?;
            let Some(last) = part.last() else { break };
            after = last.record.sequence;
            if !part.iter().all(|stored| follow.next(stored)) {
                break;
            }
        }
        let Some(head) = head else {
            return Ok(follow.end(0, &accounts_model::audit::START, true));
        };
        let signed = self.audit.is_signed(tenant, &head);
        Ok(follow.end(head.sequence, &head.hash, signed))
    }
}
