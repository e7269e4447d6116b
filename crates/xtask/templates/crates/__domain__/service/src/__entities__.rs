//! Making, changing and forgetting __entities_words__.

use __domain___model::__Domain__Error;
use __domain___model::__entity__::{__Entity__, __Entity__Change, New__Entity__};
use __domain___model::events::__Entity__Changed;
use __domain___model::jobs::Forget__Entity__;
use __domain___repository::__entities__;
use database::Once;
use kernel::{
    __Entity__Id, AuditEntry, Audited as _, Expected, Fault, Page, PageRequest, Permission, Scope,
};

use crate::__Domain__;

impl __Domain__ {
    /// All, newest first.
    pub async fn __entities__(
        &self,
        scope: &Scope,
        page: PageRequest<__Entity__Id>,
    ) -> Result<Page<__Entity__, __Entity__Id>, __Domain__Error> {
        scope.require(Permission::__Domain__Read)?;
        let db = self.database.read(scope).await?;
        Ok(__entities__::list(&db, page).await?)
    }

    /// One.
    pub async fn __entity__(
        &self,
        scope: &Scope,
        id: __Entity__Id,
    ) -> Result<__Entity__, __Domain__Error> {
        scope.require(Permission::__Domain__Read)?;
        let db = self.database.read(scope).await?;
        __entities__::find(&db, id)
            .await?
            .ok_or(__Domain__Error::NotFound)
    }

    /// Makes one.
    pub async fn create___entity__(
        &self,
        scope: &Scope,
        new: New__Entity__,
    ) -> Result<__Entity__, __Domain__Error> {
        scope.require(Permission::__Domain__Write)?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<__Entity__>(scope, "__entity__.create", now)
            .await?
        {
            Once::Replayed(made) => return Ok(made),
            Once::Fresh(tx) => tx,
        };
        let made = __Entity__::new(__Entity__Id::new(now), &new, now)?;
        __entities__::insert(&tx, &made).await.map_err(name_taken)?;
        let event = __Entity__Changed {
            __entity__: made.id,
        };
        self.queue.publish(&tx, &event).await?;
        let entry = AuditEntry::new("__entity__.create", made.id).after(&made);
        self.record(&tx, entry).await?;
        Ok(tx.commit_with(made).await?)
    }

    /// Changes one, if its version is still that one. What is archived is
    /// forgotten when its time has come.
    pub async fn change___entity__(
        &self,
        scope: &Scope,
        id: __Entity__Id,
        change: __Entity__Change,
        expected: &Expected,
    ) -> Result<__Entity__, __Domain__Error> {
        scope.require(Permission::__Domain__Write)?;
        let tx = self
            .database
            .begin_write(scope, "__entity__.change")
            .await?;
        let known = __entities__::find(&tx, id)
            .await?
            .ok_or(__Domain__Error::NotFound)?;
        if !expected.is_met_by(known.version) {
            return Err(__Domain__Error::VersionMismatch);
        }
        if change == __Entity__Change::default() {
            return Ok(known);
        }
        let before = known.snapshot();
        let changed = known.changed(&change, self.now())?;
        if !__entities__::update(&tx, &changed)
            .await
            .map_err(name_taken)?
        {
            return Err(__Domain__Error::VersionMismatch);
        }
        if let Some(at) = changed.forgotten_at() {
            let job = Forget__Entity__ { __entity__: id };
            self.queue.enqueue_at(&tx, &job, at).await?;
        }
        let event = __Entity__Changed { __entity__: id };
        self.queue.publish(&tx, &event).await?;
        let entry = AuditEntry::new("__entity__.change", id);
        self.record(&tx, entry.before(&before).after(&changed))
            .await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// Forgets one, unless it is gone already or was touched again.
    pub async fn forget___entity__(
        &self,
        scope: &Scope,
        id: __Entity__Id,
    ) -> Result<(), __Domain__Error> {
        let now = self.now();
        let tx = self
            .database
            .begin_write(scope, "__entity__.forget")
            .await?;
        let Some(known) = __entities__::find(&tx, id).await? else {
            return Ok(());
        };
        if known.forgotten_at().is_none_or(|at| at > now) {
            return Ok(());
        }
        __entities__::delete(&tx, id, known.version).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn name_taken(fault: Fault) -> __Domain__Error {
    if fault.violates(__entities__::UNIQUE_NAME) {
        __Domain__Error::NameTaken
    } else {
        fault.into()
    }
}
