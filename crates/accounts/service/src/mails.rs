//! Sending mails: the template of the tenant and the language, filled.

use accounts_model::AccountsError;
use accounts_model::mails::{
    FALLBACK, MailKind, MailTemplate, Rendered, ShopOfMail, choose, render, with_shop,
};
use accounts_model::ports::Mail;
use accounts_model::tenant::Tenant;
use accounts_repository::mail_templates;
use kernel::{Fault, Scope};
use serde_json::Value;

use crate::Accounts;

/// A mail to one person, before it is written.
#[derive(Debug)]
pub struct Letter<'a> {
    /// Which mail.
    pub kind: &'static MailKind,
    /// To whom.
    pub to: &'a str,
    /// The languages they wish for, most wanted first.
    pub languages: &'a [Option<&'a str>],
    /// What it is filled with.
    pub values: Value,
    /// The same for every attempt to send the same mail.
    pub key: String,
    /// Where a POST makes it the last one of its kind.
    pub unsubscribe: Option<String>,
}

impl Accounts {
    /// Writes a mail as the tenant has it and hands it over.
    pub async fn send_letter(
        &self,
        scope: &Scope,
        letter: Letter<'_>,
    ) -> Result<(), AccountsError> {
        let tenant = self.tenant(scope).await?;
        let (language, own) = self
            .template_for(scope, &tenant, letter.kind, letter.languages)
            .await?;
        let rendered = self.write(&tenant, letter.kind, &language, own, letter.values)?;
        let mail = Mail {
            to: letter.to.to_owned(),
            subject: rendered.subject,
            text: rendered.text,
            html: Some(rendered.html),
            unsubscribe: letter.unsubscribe,
            reply_to: tenant.settings.support_email.clone(),
            key: letter.key,
        };
        Ok(self.mailer.send(&mail).await?)
    }

    /// The language a mail is written in, and what the tenant wrote in it.
    async fn template_for(
        &self,
        scope: &Scope,
        tenant: &Tenant,
        kind: &MailKind,
        wishes: &[Option<&str>],
    ) -> Result<(String, Option<MailTemplate>), Fault> {
        let db = self.database.read(scope).await?;
        let mut own = mail_templates::of_kind(&db, kind.name).await?;
        drop(db);
        let mut available: Vec<&str> = kind.languages().collect();
        available.extend(own.iter().map(|one| one.language.as_str()));
        let wishes = wishes
            .iter()
            .copied()
            .flatten()
            .chain([tenant.settings.language.as_str(), FALLBACK]);
        let language = choose(wishes, &available).unwrap_or(FALLBACK).to_owned();
        drop(available);
        let at = own.iter().position(|one| one.language == language);
        let own = at.map(|at| own.swap_remove(at).template);
        Ok((language, own))
    }

    /// Fills a template. When one that a tenant wrote fails, although it was
    /// tried when it was saved, the default is sent: a mail that somebody
    /// waits for must not be lost for a field that is missing in it.
    fn write(
        &self,
        tenant: &Tenant,
        kind: &MailKind,
        language: &str,
        own: Option<MailTemplate>,
        values: Value,
    ) -> Result<Rendered, Fault> {
        let home = self.home(tenant);
        let shop = ShopOfMail {
            name: &tenant.name,
            url: home.as_str(),
            support_email: tenant.settings.support_email.as_deref(),
        };
        let values = with_shop(values, &shop, language);
        if let Some(own) = own {
            match render(&own, &values) {
                Ok(rendered) => return Ok(rendered),
                Err(error) => {
                    let mail = kind.name;
                    tracing::warn!(mail, language, %error, "the tenant's mail template fails; the default is sent");
                }
            }
        }
        let default = kind
            .default_in(language)
            .or_else(|| kind.default_in(FALLBACK))
            .ok_or_else(|| Fault::permanent(format!("the mail {} has no default", kind.name)))?;
        render(&default, &values)
            .map_err(|error| Fault::permanent("fill a default mail").caused_by(error))
    }
}
