//! Which identity provider a User-Agent belongs to, and how often that one calls. Pure.

use std::time::Duration;

/// What is known of an identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Its name for people.
    pub name: &'static str,
    /// Its name in metrics.
    pub label: &'static str,
    /// What its User-Agent holds, in lower case.
    agent: &'static str,
    /// How often it calls when there is nothing to do; `None` for those that call only when something has changed, and
    /// where nobody has said.
    pub rhythm: Option<Duration>,
}

/// Entra ID runs a cycle every 40 minutes, changes or not (Microsoft Learn, *How provisioning works*).
const ENTRA: Option<Duration> = Some(Duration::from_mins(40));

/// The first whose text is in the User-Agent counts. Okta's is from its SCIM reference, Google's from recorded
/// requests; for the others it is the product's name, which some send and none has documented.
const PROVIDERS: [Provider; 18] = [
    provider("Okta", "okta", "okta", None),
    provider("Google Workspace", "google-workspace", "google-auto-provisioning", None),
    // No shorter: `entra` is in `central`, and what runs on Azure, or on Windows, is not Entra ID for that.
    provider("Microsoft Entra ID", "microsoft-entra-id", "azure ad", ENTRA),
    provider("Microsoft Entra ID", "microsoft-entra-id", "azuread", ENTRA),
    provider("Microsoft Entra ID", "microsoft-entra-id", "azure-ad", ENTRA),
    provider("Microsoft Entra ID", "microsoft-entra-id", "azure active directory", ENTRA),
    provider("Microsoft Entra ID", "microsoft-entra-id", "microsoft entra", ENTRA),
    provider("Microsoft Entra ID", "microsoft-entra-id", "entra id", ENTRA),
    provider("PingFederate", "pingfederate", "pingfederate", None),
    provider("PingOne", "pingone", "pingone", None),
    provider("OneLogin", "onelogin", "onelogin", None),
    provider("JumpCloud", "jumpcloud", "jumpcloud", None),
    provider("SailPoint", "sailpoint", "sailpoint", None),
    provider("CyberArk", "cyberark", "cyberark", None),
    provider("Keycloak", "keycloak", "keycloak", None),
    provider("authentik", "authentik", "authentik", None),
    provider("rauthy", "rauthy", "rauthy", None),
    provider("ServiceNow", "servicenow", "servicenow", None),
];

const fn provider(
    name: &'static str,
    label: &'static str,
    agent: &'static str,
    rhythm: Option<Duration>,
) -> Provider {
    Provider { name, label, agent, rhythm }
}

/// The identity provider that a User-Agent belongs to.
pub fn of_agent(agent: &str) -> Option<Provider> {
    let agent = agent.to_ascii_lowercase();
    PROVIDERS.into_iter().find(|known| agent.contains(known.agent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents() {
        for (agent, expected) in [
            ("Okta SCIM Client 1.0.0", Some("Okta")),
            ("Google-Auto-Provisioning", Some("Google Workspace")),
            ("Microsoft Azure AD SCIM provisioning 1.2.3", Some("Microsoft Entra ID")),
            ("goauthentik.io/authentik/2026.2", Some("authentik")),
            ("curl/8.5.0", None),
            ("Acme Central Directory", None),
            ("Mozilla/5.0 (Windows NT; Microsoft Windows 10.0) PowerShell/7.4", None),
            ("", None),
        ] {
            assert_eq!(of_agent(agent).map(|known| known.name), expected, "{agent}");
        }
        assert_eq!(of_agent("Microsoft Entra").unwrap().rhythm, ENTRA);
        assert!(PROVIDERS.iter().all(|known| known.agent == known.agent.to_ascii_lowercase()));
    }
}
