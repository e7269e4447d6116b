//! What the doctor asks of the database. It creates nothing.

use std::time::Instant;

use config::Settings;
use database::{Backend, Database, Owner, Sameness};
use kernel::secret::{KeyRing, Sealer};
use kernel::{Clock as _, Fault, SystemClock, random};

use super::{Finding, MAX_SKEW};
use crate::{migrations, secret};

pub(super) async fn findings(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    let keys = match secret::existing(settings) {
        Ok(Some(keys)) => keys,
        Ok(None) => {
            let file = secret::file(settings);
            findings.push(Finding::Good(format!(
                "secret: {} will be created at the first start",
                file.display()
            )));
            // Nothing is sealed here.
            KeyRing::new(&random::bytes::<48>(), [])
        }
        Err(error) => {
            findings.push(Finding::Bad(
                format!("secret: {error:#}"),
                "look at DATA_DIR, or set SECRET_KEY".to_owned(),
            ));
            return findings;
        }
    };
    findings.extend(application(settings, &keys).await);
    findings.extend(owner(settings).await);
    findings
}

async fn application(settings: &Settings, keys: &KeyRing) -> Vec<Finding> {
    let place = "look at DATABASE_URL and DATA_DIR";
    let opened = match database::missing_file(&settings.database) {
        Ok(Some(file)) => {
            let text = format!(
                "database: {} is not there; it will be created at the first start",
                file.display()
            );
            let mend = format!(
                "if there is one already, {place}; else see that this account may create it"
            );
            return vec![Finding::Doubt(text, mend)];
        }
        Ok(None) => Database::open(&settings.database, Sealer::new(keys, "request-keys")),
        Err(fault) => Err(fault),
    };
    let database = match opened {
        Ok(database) => database,
        Err(fault) => {
            let text = format!("database: {}", fault.chain());
            return vec![Finding::Bad(text, place.to_owned())];
        }
    };
    let begun = Instant::now();
    let checked = match database.check().await {
        Ok(checked) => checked,
        Err(fault) => {
            let late = begun.elapsed() >= settings.database.acquire_timeout;
            let text = format!("database: {}", fault.chain());
            let mend = mend_connection(settings, database.backend(), late && fault.is_transient());
            return vec![Finding::Bad(text, mend)];
        }
    };
    let mut findings = vec![Finding::Good(format!(
        "database: {:?} {}",
        checked.backend, checked.version
    ))];
    findings.push(schema(settings, &database).await);
    findings.extend(role(settings, &database).await);
    findings.extend(clock(&database).await);
    findings
}

fn mend_connection(settings: &Settings, backend: Backend, late: bool) -> String {
    if backend == Backend::Sqlite {
        return "is the file in DATABASE_URL a SQLite database that this account may write, and does no other process hold it locked?".to_owned();
    }
    if late {
        return format!(
            "there was no answer within DATABASE_ACQUIRE_TIMEOUT ({:?}): is the server overloaded, or does a firewall swallow what is sent to it? else allow more time",
            settings.database.acquire_timeout
        );
    }
    let mut mend =
        "is it running, and do address, name and password in DATABASE_URL fit?".to_owned();
    if settings.database.owner_url.is_some() {
        mend.push_str(" `sutler migrate up` creates a role that is missing");
    }
    mend
}

async fn schema(settings: &Settings, database: &Database) -> Finding {
    let mend = if settings.database.auto_migrate {
        "`sutler serve` will apply them; or run `sutler migrate up` now"
    } else {
        "run `sutler migrate up`"
    };
    let fault = match migrations::pending(database).await {
        Ok(missing) if missing.is_empty() => {
            return Finding::Good("migrations are up to date".to_owned());
        }
        Ok(missing) => {
            let text = format!("migrations are missing: {}", missing.join(", "));
            return unmigrated(settings, database, text, mend).await;
        }
        Err(fault) => fault,
    };
    match database.has_migrations_table().await {
        Ok(false) => {
            unmigrated(settings, database, "the database is empty".to_owned(), mend).await
        }
        Ok(true) if !fault.is_transient() => Finding::Bad(
            format!(
                "the role of DATABASE_URL may not read the tables: {}",
                fault.chain()
            ),
            "run `sutler migrate up` with DATABASE_OWNER_URL naming the role that owns them; it grants what is missing".to_owned(),
        ),
        Ok(true) => unread(&fault),
        Err(fault) => unread(&fault),
    }
}

/// That tables are missing is mended at the next start, if there is a role
/// that may make them.
async fn unmigrated(settings: &Settings, database: &Database, text: String, mend: &str) -> Finding {
    if settings.database.owner_url.is_some() {
        return Finding::Doubt(text, mend.to_owned());
    }
    match database.may_create_tables().await {
        Ok(true) => Finding::Doubt(text, mend.to_owned()),
        Ok(false) => Finding::Bad(
            format!("{text}, and the role of DATABASE_URL may not make tables"),
            "set DATABASE_OWNER_URL to the role that owns the tables, and run `sutler migrate up`"
                .to_owned(),
        ),
        Err(fault) => unread(&fault),
    }
}

fn unread(fault: &Fault) -> Finding {
    Finding::Bad(
        format!("the state of migrations cannot be read: {}", fault.chain()),
        "look at what the database says, and run `sutler doctor` again".to_owned(),
    )
}

async fn role(settings: &Settings, database: &Database) -> Option<Finding> {
    let role = database.role().await.ok().flatten()?;
    if role.is_confined() {
        return Some(Finding::Good(format!(
            "row-level security holds for the role {:?}",
            role.name
        )));
    }
    let text = format!(
        "row-level security does not hold for the role {:?}",
        role.name
    );
    let mend = "let DATABASE_URL name a plain role and DATABASE_OWNER_URL the owner, then run `sutler migrate up`".to_owned();
    Some(if settings.is_production() {
        Finding::Bad(text, mend)
    } else {
        Finding::Doubt(text, mend)
    })
}

async fn clock(database: &Database) -> Option<Finding> {
    if database.backend() == Backend::Sqlite {
        return alone(database).await;
    }
    let theirs = database.now().await.ok().flatten()?;
    let ours = SystemClock.now();
    let skew = ours.since(theirs).max(theirs.since(ours));
    Some(if skew <= MAX_SKEW {
        Finding::Good("the clock agrees with the database's".to_owned())
    } else {
        Finding::Bad(
            format!(
                "the clock differs from the database's by {} s",
                skew.as_secs()
            ),
            "let both machines keep time by NTP; signatures are good for 300 s only".to_owned(),
        )
    })
}

/// SQLite has no clock to compare with. But what was done lies in the past.
async fn alone(database: &Database) -> Option<Finding> {
    let done = database.last_migrated_at().await.ok().flatten()?;
    let now = SystemClock.now();
    Some(if now.plus(MAX_SKEW) < done {
        Finding::Bad(
            format!("the clock says {now}, and the tables were made after that, at {done}"),
            "set the clock, and let NTP keep it; tokens and signatures depend on it".to_owned(),
        )
    } else {
        Finding::Good(format!(
            "the clock says {now}, after the tables were made; there is no other to compare it with"
        ))
    })
}

async fn owner(settings: &Settings) -> Option<Finding> {
    settings.database.owner_url.as_ref()?;
    let same = "let DATABASE_URL and DATABASE_OWNER_URL name the same database";
    Some(match Owner::new(&settings.database).sameness().await {
        Ok(Sameness::Different { application, owner }) => Finding::Bad(
            format!(
                "DATABASE_URL leads to the database {application:?}, DATABASE_OWNER_URL to {owner:?}"
            ),
            same.to_owned(),
        ),
        Ok(Sameness::OtherServer) => Finding::Doubt(
            "DATABASE_URL and DATABASE_OWNER_URL seem to lead to different servers".to_owned(),
            same.to_owned(),
        ),
        Ok(Sameness::Same | Sameness::Unknown(_)) => {
            Finding::Good("the owner of the tables can connect".to_owned())
        }
        Err(fault) => Finding::Bad(
            format!("the owner of the tables: {}", fault.chain()),
            "look at address, name and password in DATABASE_OWNER_URL; `sutler migrate` needs it"
                .to_owned(),
        ),
    })
}
