//! What the shop's mails say.

use accounts_model::mails::{MailTemplate, Rendered};
use accounts_service::{MailOverview, MailText, TemplateDraft};
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, post, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::patch::present;
use crate::extract::{Caller, Json, MaybeJson, RequiredIfMatch, etag, line};
use crate::problem::ApiError;
use crate::state::ApiState;

/// A language that a mail is there in.
#[derive(Serialize, ToSchema)]
#[schema(as = MailLanguage)]
pub(crate) struct MailLanguageDto {
    /// The tag.
    #[schema(example = "de")]
    language: String,
    /// Whether the shop wrote what is sent, or it is the default.
    customized: bool,
}

/// One of the mails that are sent.
#[derive(Serialize, ToSchema)]
#[schema(as = Mail)]
pub(crate) struct MailDto {
    /// Its name.
    #[schema(example = "order_confirmation")]
    name: String,
    /// When it is sent.
    #[schema(example = "An order was paid.")]
    about: String,
    /// The languages it is there in.
    languages: Vec<MailLanguageDto>,
    /// What it is filled with: the fields, with sample values.
    #[schema(value_type = Object)]
    variables: serde_json::Value,
}

impl From<MailOverview> for MailDto {
    fn from(mail: MailOverview) -> Self {
        Self {
            name: mail.kind.name.to_owned(),
            about: mail.kind.about.to_owned(),
            languages: mail
                .languages
                .into_iter()
                .map(|(language, customized)| MailLanguageDto {
                    language,
                    customized,
                })
                .collect(),
            variables: (mail.kind.samples)().into_iter().next().unwrap_or_default(),
        }
    }
}

/// All mails.
#[derive(Serialize, ToSchema)]
pub(crate) struct MailList {
    /// The mails.
    data: Vec<MailDto>,
}

/// What a mail says in a language.
#[derive(Serialize, ToSchema)]
#[schema(as = MailTemplate)]
pub(crate) struct MailTemplateDto {
    /// Which mail.
    #[schema(example = "order_confirmation")]
    name: String,
    /// In which language.
    #[schema(example = "de")]
    language: String,
    /// Whether the shop wrote it, or it is the default.
    customized: bool,
    /// The template of the subject.
    subject: String,
    /// The template of the plain text.
    text: String,
    /// The template of the HTML.
    html: String,
    /// Grows with every change, 0 for the default; also the `ETag`.
    version: i64,
}

impl From<MailText> for MailTemplateDto {
    fn from(mail: MailText) -> Self {
        Self {
            name: mail.kind.name.to_owned(),
            language: mail.language,
            customized: mail.version > 0,
            subject: mail.template.subject,
            text: mail.template.text,
            html: mail.template.html,
            version: mail.version,
        }
    }
}

/// What a mail is to say in a language.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailTemplateRequest {
    /// The template of the subject.
    #[validate(custom(function = "line"), length(min = 1, max = 500))]
    #[schema(
        min_length = 1,
        max_length = 500,
        example = "Thank you for order {{ order.number }}"
    )]
    subject: String,
    /// The template of the plain text.
    #[validate(length(min = 1, max = 50_000))]
    #[schema(min_length = 1, max_length = 50_000)]
    text: String,
    /// The template of the HTML.
    #[validate(length(min = 1, max = 200_000))]
    #[schema(min_length = 1, max_length = 200_000)]
    html: String,
}

/// What is to be tried; what is absent is as it is stored.
#[derive(Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailPreviewRequest {
    /// The template of the subject.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "line"), length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, nullable = false)]
    subject: Option<String>,
    /// The template of the plain text.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 50_000))]
    #[schema(min_length = 1, max_length = 50_000, nullable = false)]
    text: Option<String>,
    /// The template of the HTML.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 200_000))]
    #[schema(min_length = 1, max_length = 200_000, nullable = false)]
    html: Option<String>,
}

/// A mail filled with sample values.
#[derive(Serialize, ToSchema)]
pub(crate) struct MailPreview {
    /// The subject.
    subject: String,
    /// The plain text.
    text: String,
    /// The HTML.
    html: String,
}

impl From<Rendered> for MailPreview {
    fn from(mail: Rendered) -> Self {
        Self {
            subject: mail.subject,
            text: mail.text,
            html: mail.html,
        }
    }
}

fn respond(mail: MailText) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("etag", etag(mail.version)))
        .json(MailTemplateDto::from(mail))
}

/// List the mails
///
/// All that are sent, the languages each is there in, and the fields its
/// templates may use besides `shop.name`, `shop.url`, `shop.support_email` and
/// `language`.
#[utoipa::path(tag = "admin: mails", responses(
    (status = 200, description = "All mails.", body = MailList),
))]
#[get("/api/admin/mail-templates")]
pub(crate) async fn list_mail_templates(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let mails = state.accounts.mail_overview(&caller.0).await?;
    Ok(HttpResponse::Ok().json(MailList {
        data: mails.into_iter().map(Into::into).collect(),
    }))
}

/// See what a mail says in a language
///
/// Where it is not there in the language, this is the English default: what a
/// translation may start from.
#[utoipa::path(tag = "admin: mails", params(
    ("mail" = String, Path, description = "The mail's name.", example = "order_confirmation"),
    ("language" = String, Path, description = "The language's tag.", example = "de"),
), responses(
    (status = 200, description = "What it says.", body = MailTemplateDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/admin/mail-templates/{mail}/{language}")]
pub(crate) async fn get_mail_template(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (mail, language) = path.into_inner();
    Ok(respond(
        state
            .accounts
            .mail_text(&caller.0, &mail, &language)
            .await?,
    ))
}

/// Write what a mail says in a language
///
/// A template with a mistake, or with a field that the mail does not have, is
/// refused with its line.
#[utoipa::path(tag = "admin: mails", request_body = MailTemplateRequest, params(
    ("mail" = String, Path, description = "The mail's name.", example = "order_confirmation"),
    ("language" = String, Path, description = "The language's tag.", example = "de"),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "What it says now.", body = MailTemplateDto, headers(("ETag" = String, description = "The version."))),
))]
#[put("/api/admin/mail-templates/{mail}/{language}")]
pub(crate) async fn put_mail_template(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<(String, String)>,
    version: RequiredIfMatch,
    body: Json<MailTemplateRequest>,
) -> Result<HttpResponse, ApiError> {
    let (mail, language) = path.into_inner();
    let template = MailTemplate {
        subject: body.0.subject,
        text: body.0.text,
        html: body.0.html,
    };
    let written = state
        .accounts
        .write_mail(&caller.0, &mail, &language, template, &version.0)
        .await?;
    Ok(respond(written))
}

/// Go back to the default of a mail
#[utoipa::path(tag = "admin: mails", params(
    ("mail" = String, Path, description = "The mail's name.", example = "order_confirmation"),
    ("language" = String, Path, description = "The language's tag.", example = "de"),
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 204, description = "What the shop wrote is gone."),
))]
#[delete("/api/admin/mail-templates/{mail}/{language}")]
pub(crate) async fn delete_mail_template(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<(String, String)>,
    version: RequiredIfMatch,
) -> Result<HttpResponse, ApiError> {
    let (mail, language) = path.into_inner();
    state
        .accounts
        .reset_mail(&caller.0, &mail, &language, &version.0)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Preview a mail
///
/// Filled with sample values. Templates can be tried before they are stored.
#[utoipa::path(tag = "admin: mails", request_body = Option<MailPreviewRequest>, params(
    ("mail" = String, Path, description = "The mail's name.", example = "order_confirmation"),
    ("language" = String, Path, description = "The language's tag.", example = "de"),
), responses(
    (status = 200, description = "The mail.", body = MailPreview),
))]
#[post("/api/admin/mail-templates/{mail}/{language}/preview")]
pub(crate) async fn preview_mail_template(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<(String, String)>,
    body: MaybeJson<MailPreviewRequest>,
) -> Result<HttpResponse, ApiError> {
    let (mail, language) = path.into_inner();
    let draft = TemplateDraft {
        subject: body.0.subject,
        text: body.0.text,
        html: body.0.html,
    };
    let preview = state
        .accounts
        .preview_mail(&caller.0, &mail, &language, draft)
        .await?;
    Ok(HttpResponse::Ok().json(MailPreview::from(preview)))
}

/// Send yourself a mail
///
/// As it is stored, filled with sample values, to your own address.
#[utoipa::path(tag = "admin: mails", params(
    ("mail" = String, Path, description = "The mail's name.", example = "order_confirmation"),
    ("language" = String, Path, description = "The language's tag.", example = "de"),
    ("Idempotency-Key" = Option<String>, Header, description = "Makes a repeated request have one effect."),
), responses(
    (status = 202, description = "It will be sent."),
))]
#[post("/api/admin/mail-templates/{mail}/{language}/send-test")]
pub(crate) async fn send_test_mail(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<(String, String)>,
) -> Result<HttpResponse, ApiError> {
    let (mail, language) = path.into_inner();
    state
        .accounts
        .request_test_mail(&caller.0, &mail, &language)
        .await?;
    Ok(HttpResponse::Accepted().finish())
}
