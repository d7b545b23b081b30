//! What is checked before the body is looked at: path, method, key, token, account, project, content type.

use super::refusal::Refusal;
use super::{Request, Route};
use crate::operation::Operation;
use crate::settings::{Credentials, Dialect};
use crate::shared::Shared;
use crate::wire::head::Head;

pub(super) fn check(shared: &Shared, request: &Request<'_>) -> Result<Operation, Refusal> {
    let settings = &shared.settings;
    let head = request.head;
    let Route::Chat {
        version,
        account_id,
        project_id,
        operation,
    } = request.route
    else {
        return Err(no_such_path(head.path()));
    };
    if *version != settings.version {
        return Err(no_such_path(head.path()));
    }
    if settings.dialect == Dialect::Legacy && *operation == Operation::Close {
        return Err(Refusal::new(
            404,
            "NOT_FOUND",
            "The operation close does not exist in the legacy dialect",
        ));
    }
    if head.method != operation.method() {
        return Err(Refusal {
            header: Some(format!("Allow: {}", operation.method())),
            ..Refusal::new(
                405,
                "METHOD_NOT_ALLOWED",
                format!("{operation} is called with {}", operation.method()),
            )
        });
    }
    let credentials = shared.read(|state| state.credentials.clone());
    check_credentials(settings.dialect, &credentials, head)?;
    if *account_id != settings.account_id {
        return Err(Refusal::new(
            404,
            "ACCOUNT_NOT_FOUND",
            format!("There is no account `{account_id}` here"),
        ));
    }
    if *project_id != settings.project_id {
        return Err(Refusal::new(
            404,
            "PROJECT_NOT_FOUND",
            format!("The account `{account_id}` has no project `{project_id}`"),
        ));
    }
    check_content_type(head)?;
    Ok(*operation)
}

fn check_credentials(
    dialect: Dialect,
    credentials: &Credentials,
    head: &Head,
) -> Result<(), Refusal> {
    let key = secret_header(head, dialect, dialect.key_header(), "AUTH_USER_NOT_FOUND")?;
    if key != credentials.api_key {
        return Err(Refusal::new(
            401,
            "AUTH_USER_NOT_FOUND",
            "The API key is not known",
        ));
    }
    let token = secret_header(
        head,
        dialect,
        dialect.token_header(),
        "AUTH_USER_INVALID_TOKEN",
    )?;
    if token != credentials.token {
        return Err(Refusal::new(
            401,
            "AUTH_USER_INVALID_TOKEN",
            "The connector token is not valid for this API key",
        ));
    }
    Ok(())
}

fn secret_header<'a>(
    head: &'a Head,
    dialect: Dialect,
    name: &str,
    code_when_missing: &'static str,
) -> Result<&'a str, Refusal> {
    if let Some(value) = head.exact(name) {
        return Ok(value);
    }
    Err(match head.any_case(name) {
        Some((sent, _)) => Refusal::new(
            401,
            "AUTH_USER_UNAUTHORISED",
            format!(
                "The header `{sent}` must be spelled `{name}`: in the {} dialect the case of header names matters",
                dialect.name()
            ),
        ),
        None => Refusal::new(
            401,
            code_when_missing,
            format!("The header `{name}` is missing"),
        ),
    })
}

fn check_content_type(head: &Head) -> Result<(), Refusal> {
    const NAME: &str = "Content-Type";
    let Some(value) = head.exact(NAME) else {
        return Err(Refusal::schema(match head.any_case(NAME) {
            Some((sent, _)) => format!("The header `{sent}` must be spelled `{NAME}`"),
            None => format!("The header `{NAME}: application/json` is missing"),
        }));
    };
    let media_type = value.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Refusal::schema(format!(
            "The header `{NAME}` is `{value}`, not `application/json`"
        )))
    }
}

fn no_such_path(path: &str) -> Refusal {
    Refusal::new(404, "NOT_FOUND", format!("There is nothing at {path}"))
}
