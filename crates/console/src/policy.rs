//! Who may call what from the console: one table of all rpcs. An rpc that is not in it may be called by nobody.

use rollcall_proto::token::Role;

/// Roles that may call an rpc; empty for those that only other components call.
type Who = &'static [Role];

const NOBODY: Who = &[];
const OPERATORS: Who = &[Role::Operator];
const ADMINISTRATORS: Who = &[Role::Operator, Role::AccountAdministrator];
/// Those who look after cards: the card desk may do nothing else.
const CARD_DESK: Who = &[Role::Operator, Role::AccountAdministrator, Role::CardDesk];
const READERS: Who = &[Role::Operator, Role::AccountAdministrator, Role::ReadOnly];
const EVERYBODY: Who = &[Role::Operator, Role::AccountAdministrator, Role::ReadOnly, Role::CardDesk];

/// The path of an rpc without the slash in front, and who may call it.
pub(crate) const RULES: [(&str, Who); 81] = [
    ("rollcall.identity.v1.CardService/AssignDeniedCard", CARD_DESK),
    ("rollcall.identity.v1.CardService/CreateCard", CARD_DESK),
    ("rollcall.identity.v1.CardService/DeleteCard", CARD_DESK),
    ("rollcall.identity.v1.CardService/DismissDeniedCard", CARD_DESK),
    ("rollcall.identity.v1.CardService/ExplainCard", EVERYBODY),
    ("rollcall.identity.v1.CardService/GetCard", EVERYBODY),
    ("rollcall.identity.v1.CardService/ListCards", EVERYBODY),
    ("rollcall.identity.v1.CardService/ListDeniedCards", EVERYBODY),
    ("rollcall.identity.v1.CardService/ResolveClaim", CARD_DESK),
    ("rollcall.identity.v1.CardService/UpdateCard", CARD_DESK),
    ("rollcall.identity.v1.ChangeService/ListChanges", NOBODY),
    ("rollcall.identity.v1.ChangeService/WatchChanges", NOBODY),
    ("rollcall.identity.v1.ConversionService/GetConversion", READERS),
    ("rollcall.identity.v1.ConversionService/InferConversion", ADMINISTRATORS),
    ("rollcall.identity.v1.ConversionService/PreviewConversion", ADMINISTRATORS),
    ("rollcall.identity.v1.ConversionService/UpdateConversion", ADMINISTRATORS),
    ("rollcall.identity.v1.DiagnosisService/DiagnoseUser", EVERYBODY),
    ("rollcall.identity.v1.DirectoryService/EraseDirectory", NOBODY),
    ("rollcall.identity.v1.GroupService/CreateGroup", ADMINISTRATORS),
    ("rollcall.identity.v1.GroupService/DeleteGroup", ADMINISTRATORS),
    ("rollcall.identity.v1.GroupService/GetGroup", EVERYBODY),
    ("rollcall.identity.v1.GroupService/ListGroups", EVERYBODY),
    ("rollcall.identity.v1.GroupService/ListMembers", EVERYBODY),
    ("rollcall.identity.v1.GroupService/PatchGroup", ADMINISTRATORS),
    ("rollcall.identity.v1.GroupService/ReplaceGroup", ADMINISTRATORS),
    ("rollcall.identity.v1.GroupService/SetGroupSource", ADMINISTRATORS),
    ("rollcall.identity.v1.ImportService/ImportUsers", ADMINISTRATORS),
    ("rollcall.identity.v1.LookupService/BatchCheckMemberships", NOBODY),
    ("rollcall.identity.v1.LookupService/BatchListUserGroups", NOBODY),
    ("rollcall.identity.v1.LookupService/BatchLookupCards", NOBODY),
    ("rollcall.identity.v1.LookupService/BatchLookupUsers", NOBODY),
    ("rollcall.identity.v1.PinService/ChangeSecret", NOBODY),
    ("rollcall.identity.v1.PinService/ClearSecret", CARD_DESK),
    ("rollcall.identity.v1.PinService/CreateRegistrationCode", CARD_DESK),
    ("rollcall.identity.v1.PinService/ListSecrets", EVERYBODY),
    ("rollcall.identity.v1.PinService/SetSecret", CARD_DESK),
    ("rollcall.identity.v1.SettingsService/GetSettings", READERS),
    ("rollcall.identity.v1.SettingsService/UpdateSettings", ADMINISTRATORS),
    ("rollcall.identity.v1.StationService/AcknowledgeChanges", NOBODY),
    ("rollcall.identity.v1.StationService/DeleteStation", ADMINISTRATORS),
    ("rollcall.identity.v1.StationService/ListRemovals", EVERYBODY),
    ("rollcall.identity.v1.StationService/ListStations", EVERYBODY),
    ("rollcall.identity.v1.StationService/RegisterCard", NOBODY),
    ("rollcall.identity.v1.StationService/VerifySecret", NOBODY),
    ("rollcall.identity.v1.UserService/CreateUser", ADMINISTRATORS),
    ("rollcall.identity.v1.UserService/DeleteUser", ADMINISTRATORS),
    ("rollcall.identity.v1.UserService/GetUser", EVERYBODY),
    ("rollcall.identity.v1.UserService/ListUsers", EVERYBODY),
    ("rollcall.identity.v1.UserService/PatchUser", ADMINISTRATORS),
    ("rollcall.identity.v1.UserService/ReplaceUser", ADMINISTRATORS),
    ("rollcall.identity.v1.UserService/SetUserSource", ADMINISTRATORS),
    ("rollcall.token.v1.AccountService/CreateAccount", OPERATORS),
    // The name of one's own account stands on every page.
    ("rollcall.token.v1.AccountService/EraseAccount", NOBODY),
    ("rollcall.token.v1.AccountService/GetAccount", EVERYBODY),
    ("rollcall.token.v1.AccountService/ListAccounts", OPERATORS),
    ("rollcall.token.v1.AuditService/ListAuditEntries", READERS),
    // The card desk leaves its record too.
    ("rollcall.token.v1.AuditService/RecordAuditEntry", CARD_DESK),
    ("rollcall.token.v1.ConnectionService/GetConnection", READERS),
    // It holds the secret of the webhook.
    ("rollcall.token.v1.NoticeService/GetNoticeSettings", ADMINISTRATORS),
    ("rollcall.token.v1.NoticeService/ListNotices", READERS),
    ("rollcall.token.v1.NoticeService/RotateWebhookSecret", ADMINISTRATORS),
    ("rollcall.token.v1.NoticeService/SendTestNotice", ADMINISTRATORS),
    ("rollcall.token.v1.NoticeService/UpdateNoticeSettings", ADMINISTRATORS),
    // Sessions are made by signing in, and not on anybody's behalf.
    ("rollcall.token.v1.SessionService/CreateInvitation", NOBODY),
    ("rollcall.token.v1.SessionService/CreateSession", NOBODY),
    ("rollcall.token.v1.SessionService/EndSession", NOBODY),
    ("rollcall.token.v1.SessionService/RedeemInvitation", NOBODY),
    ("rollcall.token.v1.SessionService/VerifySession", NOBODY),
    ("rollcall.token.v1.SyncLogService/GetSyncEntry", READERS),
    ("rollcall.token.v1.SyncLogService/GetSyncLogSettings", READERS),
    ("rollcall.token.v1.SyncLogService/ListSyncEntries", READERS),
    ("rollcall.token.v1.SyncLogService/RecordSyncEntries", NOBODY),
    ("rollcall.token.v1.SyncLogService/UpdateSyncLogSettings", ADMINISTRATORS),
    ("rollcall.token.v1.TokenService/GenerateToken", ADMINISTRATORS),
    ("rollcall.token.v1.TokenService/ListTokens", READERS),
    ("rollcall.token.v1.TokenService/RetireToken", ADMINISTRATORS),
    ("rollcall.token.v1.TokenService/RevokeToken", ADMINISTRATORS),
    ("rollcall.token.v1.TokenService/VerifyToken", NOBODY),
    // Every server has these; the console needs none of them.
    ("grpc.health.v1.Health/Check", NOBODY),
    ("grpc.health.v1.Health/Watch", NOBODY),
    ("grpc.reflection.v1.ServerReflection/ServerReflectionInfo", NOBODY),
];

/// Whether somebody with this role may call the rpc at this path, `/package.Service/Method`.
pub(crate) fn allows(role: Role, path: &str) -> bool {
    let called = path.strip_prefix('/').unwrap_or_default();
    RULES.iter().any(|(rpc, who)| *rpc == called && who.contains(&role))
}

/// The same for an rpc named with or without its package: `Service/Method`.
pub(crate) fn allows_short(role: Role, rpc: &str) -> bool {
    let is = |known: &str| known == rpc || known.rsplit_once('.').is_some_and(|(_, short)| short == rpc);
    RULES.iter().any(|(known, who)| is(known) && who.contains(&role))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost::Message as _;
    use prost_types::FileDescriptorSet;

    use super::*;

    #[test]
    fn every_rpc_has_one_rule_and_every_rule_an_rpc() {
        let set = FileDescriptorSet::decode(rollcall_proto::DESCRIPTORS).unwrap();
        let mut rpcs = BTreeSet::new();
        for file in set.file.iter().filter(|file| file.package().starts_with("rollcall.")) {
            for service in &file.service {
                for method in &service.method {
                    rpcs.insert(format!("{}.{}/{}", file.package(), service.name(), method.name()));
                }
            }
        }
        let ruled: BTreeSet<String> = RULES
            .iter()
            .map(|(rpc, _)| (*rpc).to_owned())
            .filter(|rpc| rpc.starts_with("rollcall."))
            .collect();
        assert_eq!(rpcs, ruled, "a new rpc needs a rule, and a rule an rpc");
        let distinct: BTreeSet<&str> = RULES.iter().map(|(rpc, _)| *rpc).collect();
        assert_eq!(distinct.len(), RULES.len());
    }

    #[test]
    fn what_people_may_call_the_console_may() {
        for (rpc, who) in RULES.iter().filter(|(_, who)| !who.is_empty()) {
            let path = format!("/{rpc}");
            assert!(
                rollcall_access::rules::allows(rollcall_access::Role::Console, &path),
                "{rpc} for {who:?}"
            );
        }
    }

    #[test]
    fn roles() {
        for (rpc, allowed) in [
            ("/rollcall.token.v1.TokenService/GenerateToken", [true, true, false, false]),
            ("/rollcall.token.v1.TokenService/ListTokens", [true, true, false, true]),
            ("/rollcall.identity.v1.UserService/ListUsers", [true, true, true, true]),
            ("/rollcall.token.v1.AccountService/ListAccounts", [true, false, false, false]),
            ("/rollcall.token.v1.SessionService/CreateSession", [false; 4]),
            ("/rollcall.token.v1.TokenService/NoSuchRpc", [false; 4]),
            ("rollcall.token.v1.TokenService/ListTokens", [false; 4]),
            ("", [false; 4]),
        ] {
            let roles = [Role::Operator, Role::AccountAdministrator, Role::CardDesk, Role::ReadOnly];
            assert_eq!(roles.map(|role| allows(role, rpc)), allowed, "{rpc}");
            assert!(!allows(Role::Unspecified, rpc));
        }
        assert!(allows_short(Role::CardDesk, "UserService/ListUsers"));
        assert!(!allows_short(Role::CardDesk, "TokenService/ListTokens"));
        assert!(!allows_short(Role::Operator, "Service/ListUsers"));
    }
}
