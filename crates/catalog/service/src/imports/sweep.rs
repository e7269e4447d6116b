//! Tidying up after imports.

use std::time::Duration;

use catalog_model::CatalogError;
use catalog_model::import::{ImportState, Mistakes, RowError};
use catalog_repository::{imports, staging};
use kernel::{Fault, ImportId, Scope};

use crate::Catalog;

/// How long nothing may come of an upload until it counts as broken off.
const BROKEN_OFF: Duration = Duration::from_mins(10);
/// How long nobody may work at an import until it counts as given up. Workers
/// note every few thousand rows how far they are, and are tried three times.
const GIVEN_UP: Duration = Duration::from_hours(6);
/// How long imports are kept for people to look at.
const KEEP: Duration = Duration::from_hours(24 * 90);

impl Catalog {
    /// Gives up imports that broke off, deletes what is left of those that are
    /// over, and forgets old ones; called by its job, every hour.
    pub async fn sweep_imports(&self, scope: &Scope) -> Result<(), CatalogError> {
        self.give_up_uploads(scope).await?;
        let now = self.now();
        for state in [
            ImportState::Queued,
            ImportState::Reading,
            ImportState::Applying,
        ] {
            let why = "the import did not come to its end; send the file again";
            let write = imports::give_up(state, now.minus(GIVEN_UP), &because(why), now);
            self.database
                .write_one(scope, "import.give_up", write)
                .await?;
        }
        let db = self.database.read(scope).await?;
        let untidy = imports::untidy(&db).await?;
        drop(db);
        for id in untidy {
            self.tidy(scope, id, true).await?;
        }
        let write = imports::forget(now.minus(KEEP));
        self.database.write_one(scope, "import.old", write).await?;
        Ok(())
    }

    /// Makes room where an upload broke off.
    pub(super) async fn give_up_uploads(&self, scope: &Scope) -> Result<(), Fault> {
        let now = self.now();
        let why = "the file did not come to its end; send it again";
        let write = imports::give_up(
            ImportState::Uploading,
            now.minus(BROKEN_OFF),
            &because(why),
            now,
        );
        let name = "import.give_up_upload";
        self.database
            .write_one(scope, name, write)
            .await
            .map(|_| ())
    }

    /// Deletes the rows of an import, and its file if that is wanted too, in
    /// pieces, so that others can write in between.
    pub(super) async fn tidy(&self, scope: &Scope, id: ImportId, file: bool) -> Result<(), Fault> {
        loop {
            let tx = self.database.begin_write(scope, "import.tidy").await?;
            let more = staging::delete_some(&tx, id, file).await?;
            tx.commit().await?;
            if !more {
                return Ok(());
            }
        }
    }
}

fn because(why: &str) -> Mistakes {
    let mut mistakes = Mistakes::default();
    mistakes.add(RowError::new(0, None, "broken_off", why));
    mistakes
}
