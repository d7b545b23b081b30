//! Name, connection, proxy and TLS: how far one gets, and why no further.

use super::certificate;
use super::finding::{Finding, Findings};
use super::settings;
use crate::exit_status;
use crate::failure::Failure;
use polyai_chat_core::second_opinion::shown;
use polyai_chat_core::{Client, Config, Error, Phase, TlsReport};
use std::time::Duration;

const NAME: &str = "name resolution";
const CONNECTION: &str = "connection";
const PROXY: &str = "proxy";
const TLS: &str = "TLS";

/// Opens a connection and tells of each step; whether all of them went well.
pub(super) fn examine(
    client: &Client,
    config: &Config,
    timeout: Duration,
    findings: &mut Findings,
) -> Result<bool, Failure> {
    let (report, outcome) = client.inspect_connection(timeout);
    let failed = outcome.err();
    let proxy = client.proxy();
    // Through a proxy, name and connection are the proxy's.
    let target = proxy.as_deref().unwrap_or(client.base_url());
    let beyond: &[&'static str] = if proxy.is_some() {
        &[PROXY, TLS]
    } else {
        &[TLS]
    };
    match &report.resolved {
        Some((addresses, elapsed)) => {
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            findings.add(Finding::ok(
                NAME,
                format!(
                    "{} leads to {}, {}",
                    target,
                    addresses.join(", "),
                    milliseconds(*elapsed)
                ),
            ))?;
        }
        None => {
            return give_up(
                findings,
                NAME,
                failed.as_ref(),
                match proxy {
                    Some(_) => {
                        "check the proxy's address, and that this machine's DNS can resolve its host"
                    }
                    None => {
                        "check the region or base URL, and that this machine's DNS can resolve the host"
                    }
                },
                &[&[CONNECTION], beyond].concat(),
            );
        }
    }
    match &report.connected {
        Some((address, elapsed)) => {
            findings.add(Finding::ok(
                CONNECTION,
                format!("{address} has answered, {}", milliseconds(*elapsed)),
            ))?;
        }
        None => {
            return give_up(
                findings,
                CONNECTION,
                failed.as_ref(),
                "check host and port, and that a firewall lets this machine out to them",
                beyond,
            );
        }
    }
    if proxy.is_some() {
        match (&report.proxy, &failed) {
            (Some(proxy), _) => findings.add(Finding::ok(
                PROXY,
                format!(
                    "{} leads on to the service, {}",
                    proxy.url,
                    milliseconds(proxy.elapsed)
                ),
            ))?,
            (None, _) => {
                return give_up(
                    findings,
                    PROXY,
                    failed.as_ref(),
                    "check the proxy's address, scheme and credentials, and that it allows the service's host and port; \
                     no_proxy names hosts that need none",
                    &[TLS],
                );
            }
        }
    }
    match (&report.tls, &failed) {
        (_, Some(error)) if error.phase() == Phase::Tls || report.tls.is_none() => {
            return give_up(findings, TLS, failed.as_ref(), tls_fix(config), &[]);
        }
        (Some(tls), _) => findings.add(of_tls(client, tls))?,
        (None, _) => findings.add(Finding::skipped(TLS, "the base URL is plain http"))?,
    }
    Ok(failed.is_none())
}

/// A time for people to read.
pub(super) fn milliseconds(elapsed: Duration) -> String {
    format!("{:.1} ms", elapsed.as_secs_f64() * 1_000.0)
}

fn give_up(
    findings: &mut Findings,
    check: &'static str,
    error: Option<&Error>,
    fix: &str,
    not_reached: &[&'static str],
) -> Result<bool, Failure> {
    let (detail, status) = match error {
        Some(error) => (error.message(), exit_status::of_kind(error.kind())),
        None => ("it did not come about", exit_status::MACHINE),
    };
    findings.add(Finding::failed(check, detail, fix, status))?;
    findings.skip(not_reached, "needs the step before")?;
    Ok(false)
}

fn of_tls(client: &Client, report: &TlsReport) -> Finding {
    let protocol = format!("{}, {}", report.protocol, milliseconds(report.elapsed));
    match report
        .certificates
        .first()
        .map(|certificate| certificate::describe(certificate))
    {
        Some(Ok(certificate)) if certificate.ends_soon() => Finding::warning(
            TLS,
            format!("{protocol}; {}", shown(client, &certificate.to_string())),
            "have the server's certificate renewed",
        ),
        Some(Ok(certificate)) => {
            let certificate = shown(client, &certificate.to_string());
            Finding::ok(TLS, format!("{protocol}; {certificate}"))
        }
        Some(Err(problem)) => Finding::ok(
            TLS,
            format!("{protocol}; its certificate cannot be shown: {problem}"),
        ),
        None => Finding::ok(TLS, format!("{protocol}; without a certificate")),
    }
}

fn tls_fix(config: &Config) -> &'static str {
    let own_authority =
        settings::value(config, "ca_file").or_else(|| settings::value(config, "ca_pem"));
    match own_authority {
        Some(_) => {
            "check that ca_file (or ca_pem) holds the authority that issued the server's certificate, and that the host is the right one"
        }
        None => {
            "if a company proxy or your own server issued the certificate, give its authority with --ca-file FILE; else check the host and this machine's clock"
        }
    }
}
