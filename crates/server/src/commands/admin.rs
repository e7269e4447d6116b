//! `sutler admin`.

use std::io::{BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use accounts_service::NewUser;
use anyhow::{Context as _, Result, ensure};
use clap::{Args, Subcommand};
use config::Settings;
use kernel::Role;
use secrecy::SecretString;

use super::print;
use crate::compose::{Overrides, Sutler};

/// People who run a shop or the installation.
#[derive(Subcommand)]
pub(super) enum Admin {
    /// Make an administrator, or give one a new password.
    ///
    /// The password is read from standard input, one line, so that it stands
    /// in no history: `sutler admin create --email ada@example.com < password.txt`
    Create(Create),
}

/// Whom to make.
#[derive(Args)]
pub(super) struct Create {
    /// The address to sign in with.
    #[arg(long)]
    email: String,
    /// What they are called.
    #[arg(long, default_value = "Administrator")]
    name: String,
    /// Which tenant, by its slug; the default one when absent.
    #[arg(long, conflicts_with = "operator")]
    tenant: Option<String>,
    /// Make an operator, who also manages tenants.
    #[arg(long)]
    operator: bool,
}

impl Admin {
    pub(super) async fn run(self, settings: Settings) -> Result<ExitCode> {
        let Self::Create(create) = self;
        let password = read_password()?;
        let sutler = Sutler::build(settings, Overrides::default()).await?;
        let tenant = match &create.tenant {
            Some(slug) => sutler.accounts.tenant_by_slug(slug).await?,
            None => sutler.default_tenant().await?,
        };
        let role = if create.operator {
            Role::Operator
        } else {
            Role::Admin
        };
        let scope = sutler.accounts.system_scope(tenant.id, "admin-create");
        let new = NewUser {
            email: create.email,
            password,
            name: create.name,
            role,
        };
        let user = sutler.accounts.ensure_user(&scope, new).await?;
        print(&format!(
            "{} is {} of {:?} now ({}).",
            user.email,
            role.name(),
            tenant.slug,
            user.id
        ));
        Ok(ExitCode::SUCCESS)
    }
}

fn read_password() -> Result<SecretString> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        print("Password (it is shown as you type; better pipe it in):");
    }
    let mut line = String::new();
    stdin
        .lock()
        .read_line(&mut line)
        .context("read the password from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    ensure!(
        !password.is_empty(),
        "no password came on standard input; pipe it in, one line"
    );
    Ok(SecretString::from(password))
}
