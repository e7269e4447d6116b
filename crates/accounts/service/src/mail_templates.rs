//! What tenants write in mails.

use accounts_model::AccountsError;
use accounts_model::jobs::SendTestMail;
use accounts_model::mails::{
    FALLBACK, MailKind, MailTemplate, OwnTemplate, Rendered, ShopOfMail, check, is_language,
    render, with_shop,
};
use accounts_repository::{mail_templates, users};
use database::{Once, Scoped};
use kernel::{AuditEntry, Expected, Fault, JobId, Permission, Scope, Snapshot};

use crate::Accounts;
use crate::mails::Letter;

/// A mail, and the languages it is there in.
#[derive(Debug)]
pub struct MailOverview {
    /// Which mail.
    pub kind: &'static MailKind,
    /// Each language, and whether the tenant wrote what is sent in it.
    pub languages: Vec<(String, bool)>,
}

/// What a mail says in a language.
#[derive(Debug, Clone)]
pub struct MailText {
    /// Which mail.
    pub kind: &'static MailKind,
    /// In which language.
    pub language: String,
    /// What it says.
    pub template: MailTemplate,
    /// Of what the tenant wrote; 0 when it is the default.
    pub version: i64,
}

/// A template that is tried; what is `None` is as it is stored.
#[derive(Debug, Clone, Default)]
pub struct TemplateDraft {
    /// What about.
    pub subject: Option<String>,
    /// As plain text.
    pub text: Option<String>,
    /// As HTML.
    pub html: Option<String>,
}

impl Accounts {
    /// All mails with their languages.
    pub async fn mail_overview(&self, scope: &Scope) -> Result<Vec<MailOverview>, AccountsError> {
        scope.require(Permission::SettingsRead)?;
        let db = self.database.read(scope).await?;
        let written = mail_templates::written(&db).await?;
        drop(db);
        let of = |kind: &&'static MailKind| {
            let own: Vec<&str> = written
                .iter()
                .filter(|one| one.kind == kind.name)
                .map(|one| one.language.as_str())
                .collect();
            let mut languages: Vec<&str> = kind.languages().collect();
            languages.extend(own.iter().copied());
            languages.sort_unstable();
            languages.dedup();
            MailOverview {
                kind,
                languages: languages
                    .into_iter()
                    .map(|language| (language.to_owned(), own.contains(&language)))
                    .collect(),
            }
        };
        let overview = self.mail_kinds.iter().map(of).collect();
        Ok(overview)
    }

    fn mail_kind(&self, name: &str, language: &str) -> Result<&'static MailKind, AccountsError> {
        let kind = self.mail_kinds.iter().find(|kind| kind.name == name);
        let kind = kind.ok_or(AccountsError::MailNotFound)?;
        if !is_language(language) {
            return Err(AccountsError::UnknownLanguage(
                language.chars().take(20).collect(),
            ));
        }
        Ok(kind)
    }

    /// What a mail says in a language. Where there is nothing in it, what
    /// would be sent instead is a good start for a translation.
    pub async fn mail_text(
        &self,
        scope: &Scope,
        name: &str,
        language: &str,
    ) -> Result<MailText, AccountsError> {
        scope.require(Permission::SettingsRead)?;
        let kind = self.mail_kind(name, language)?;
        let db = self.database.read(scope).await?;
        let own = mail_templates::of_kind(&db, kind.name).await?;
        drop(db);
        let own = own.into_iter().find(|own| own.language == language);
        let version = own.as_ref().map_or(0, |own| own.version);
        let template = own
            .map(|own| own.template)
            .or_else(|| kind.default_in(language))
            .or_else(|| kind.default_in(FALLBACK))
            .ok_or(AccountsError::MailNotFound)?;
        Ok(MailText {
            kind,
            language: language.to_owned(),
            template,
            version,
        })
    }

    /// Writes what a mail says in a language, if what is stored still has that
    /// version; 0 for the default.
    pub async fn write_mail(
        &self,
        scope: &Scope,
        name: &str,
        language: &str,
        template: MailTemplate,
        expected: &Expected,
    ) -> Result<MailText, AccountsError> {
        scope.require(Permission::SettingsWrite)?;
        let kind = self.mail_kind(name, language)?;
        check(kind, &template)?;
        let tx = self.database.begin_write(scope, "mail.write").await?;
        let before = own_template(&tx, kind.name, language).await?;
        let version = before.as_ref().map_or(0, |before| before.version);
        if !expected.is_met_by(version) {
            return Err(AccountsError::VersionMismatch);
        }
        let own = OwnTemplate {
            kind: kind.name.to_owned(),
            language: language.to_owned(),
            template,
            version: version + 1,
            updated_at: self.now(),
        };
        // Each of them fails when somebody else was faster.
        let written = if before.is_none() {
            mail_templates::insert(&tx, &own).await?
        } else {
            mail_templates::update(&tx, &own).await?
        };
        if !written {
            return Err(AccountsError::VersionMismatch);
        }
        let mut entry = AuditEntry::new("mail_template.write", scope.tenant()).after(&own);
        if let Some(before) = &before {
            entry = entry.before(before);
        }
        self.audit.record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        Ok(MailText {
            kind,
            language: own.language,
            template: own.template,
            version: own.version,
        })
    }

    /// Goes back to the default, if what is stored still has that version.
    pub async fn reset_mail(
        &self,
        scope: &Scope,
        name: &str,
        language: &str,
        expected: &Expected,
    ) -> Result<(), AccountsError> {
        scope.require(Permission::SettingsWrite)?;
        let kind = self.mail_kind(name, language)?;
        let tx = self.database.begin_write(scope, "mail.reset").await?;
        let before = own_template(&tx, kind.name, language).await?;
        let before = before
            .filter(|before| expected.is_met_by(before.version))
            .ok_or(AccountsError::VersionMismatch)?;
        if !mail_templates::delete(&tx, kind.name, language, before.version).await? {
            return Err(AccountsError::VersionMismatch);
        }
        let entry = AuditEntry::new("mail_template.reset", scope.tenant()).before(&before);
        self.audit.record_in_tx(&tx, entry).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What a mail looks like, filled with sample values. Nothing is stored.
    pub async fn preview_mail(
        &self,
        scope: &Scope,
        name: &str,
        language: &str,
        draft: TemplateDraft,
    ) -> Result<Rendered, AccountsError> {
        let stored = self.mail_text(scope, name, language).await?;
        let template = MailTemplate {
            subject: draft.subject.unwrap_or(stored.template.subject),
            text: draft.text.unwrap_or(stored.template.text),
            html: draft.html.unwrap_or(stored.template.html),
        };
        check(stored.kind, &template)?;
        let tenant = self.tenant(scope).await?;
        let home = self.home(&tenant);
        let shop = ShopOfMail {
            name: &tenant.name,
            url: home.as_str(),
            support_email: tenant.settings.support_email.as_deref(),
        };
        let values = with_shop(sample(stored.kind), &shop, language);
        Ok(render(&template, &values)?)
    }

    /// Mails the caller what a mail looks like, soon.
    pub async fn request_test_mail(
        &self,
        scope: &Scope,
        name: &str,
        language: &str,
    ) -> Result<(), AccountsError> {
        scope.require(Permission::SettingsWrite)?;
        let user = scope.require_user()?;
        let kind = self.mail_kind(name, language)?;
        let tx = match self
            .database
            .begin_once::<()>(scope, "mail.test", self.now())
            .await?
        {
            Once::Replayed(()) => return Ok(()),
            Once::Fresh(tx) => tx,
        };
        let job = SendTestMail {
            user,
            mail: kind.name.to_owned(),
            language: language.to_owned(),
        };
        self.queue.enqueue(&tx, &job).await?;
        let sent = Snapshot::new()
            .with("mail", kind.name)
            .with_public_text("language", Some(language));
        let entry = AuditEntry::new("mail_template.send_test", scope.tenant()).after(&sent);
        self.audit.record_in_tx(&tx, entry).await?;
        Ok(tx.commit_with(()).await?)
    }

    /// Mails somebody a mail with sample values; called by its job.
    pub async fn send_test_mail(
        &self,
        scope: &Scope,
        job: JobId,
        test: SendTestMail,
    ) -> Result<(), AccountsError> {
        let kind = self.mail_kind(&test.mail, &test.language)?;
        let db = self.database.read(scope).await?;
        let user = users::find(&db, test.user).await?;
        drop(db);
        let Some(user) = user else {
            return Ok(());
        };
        let letter = Letter {
            kind,
            to: user.email.as_str(),
            languages: &[Some(&test.language)],
            values: sample(kind),
            key: job.to_string(),
            unsubscribe: None,
        };
        self.send_letter(scope, letter).await
    }
}

/// What the tenant wrote in a language, if anything.
async fn own_template(
    db: &Scoped,
    mail: &str,
    language: &str,
) -> Result<Option<OwnTemplate>, Fault> {
    let all = mail_templates::of_kind(db, mail).await?;
    Ok(all.into_iter().find(|own| own.language == language))
}

/// The sample that has everything.
fn sample(kind: &MailKind) -> serde_json::Value {
    (kind.samples)().into_iter().next().unwrap_or_default()
}
