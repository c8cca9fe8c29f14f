//! A certificate authority for a test.

use std::{fs, path::PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, SanType, date_time_ymd};
use rollcall_serve::{
    Channel, channel,
    peer::{ClientArgs, SecretArgs, TlsArgs},
};
use tempfile::TempDir;

pub(crate) struct Ca {
    issuer: CertifiedIssuer<'static, KeyPair>,
    home: TempDir,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, home }
    }

    /// The certificate of the CA itself.
    pub(crate) fn root(&self) -> PathBuf {
        self.home.path().join("ca.pem")
    }

    /// A certificate for this machine, with these roles: `gateway`, `station/acme/lobby`.
    pub(crate) fn issue(&self, file: &str, roles: &[&str]) -> TlsArgs {
        self.issue_until(file, roles, 2100)
    }

    /// The same, valid until the first day of a year.
    pub(crate) fn issue_until(&self, file: &str, roles: &[&str], year: i32) -> TlsArgs {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.subject_alt_names.push(SanType::IpAddress("127.0.0.1".parse().unwrap()));
        for role in roles {
            let uri = format!("spiffe://test/rollcall/{role}");
            params.subject_alt_names.push(SanType::URI(uri.try_into().unwrap()));
        }
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let path = |end: &str| self.home.path().join(format!("{file}.{end}"));
        fs::write(path("key"), key.serialize_pem()).unwrap();
        fs::write(path("pem"), certificate.pem()).unwrap();
        TlsArgs {
            peer_tls_cert: Some(path("pem")),
            peer_tls_key: Some(path("key")),
            peer_tls_ca: Some(self.root()),
        }
    }
}

/// The same certificate as settings of a process.
pub(crate) fn settings(tls: &TlsArgs) -> Vec<(&'static str, String)> {
    let text = |path: &Option<PathBuf>| path.as_ref().unwrap().display().to_string();
    vec![
        ("ROLLCALL_PEER_TLS_CERT", text(&tls.peer_tls_cert)),
        ("ROLLCALL_PEER_TLS_KEY", text(&tls.peer_tls_key)),
        ("ROLLCALL_PEER_TLS_CA", text(&tls.peer_tls_ca)),
    ]
}

/// A channel of whoever has this certificate.
pub(crate) fn channel_of(url: &str, tls: TlsArgs) -> Channel {
    let client = ClientArgs { tls, secret: SecretArgs::default() }.client().unwrap();
    channel::connect_as(url, &client).unwrap()
}
