//! Which role may call what: one table of all rpcs. An rpc that is not in it may be called by the operator alone.

use crate::role::Role;

/// Roles that may call an rpc, beside [`Role::Operator`], who may call all.
type Who = &'static [Role];

/// Nobody but the operator.
const OPERATOR: Who = &[];
const GATEWAY: Who = &[Role::Gateway];
const CONSOLE: Who = &[Role::Console];
const GATEWAY_AND_CONSOLE: Who = &[Role::Gateway, Role::Console];
const LOOKING_UP: Who = &[Role::Print, Role::Station];
const STATION: Who = &[Role::Station];

/// The path of an rpc without the slash in front, and who may call it.
pub const RULES: [(&str, Who); 78] = [
    ("rollcall.identity.v1.CardService/AssignDeniedCard", CONSOLE),
    ("rollcall.identity.v1.CardService/CreateCard", CONSOLE),
    ("rollcall.identity.v1.CardService/DeleteCard", CONSOLE),
    ("rollcall.identity.v1.CardService/DismissDeniedCard", CONSOLE),
    ("rollcall.identity.v1.CardService/ExplainCard", CONSOLE),
    ("rollcall.identity.v1.CardService/GetCard", CONSOLE),
    ("rollcall.identity.v1.CardService/ListCards", CONSOLE),
    ("rollcall.identity.v1.CardService/ListDeniedCards", CONSOLE),
    ("rollcall.identity.v1.CardService/ResolveClaim", CONSOLE),
    ("rollcall.identity.v1.CardService/UpdateCard", CONSOLE),
    ("rollcall.identity.v1.ChangeService/ListChanges", STATION),
    ("rollcall.identity.v1.ChangeService/WatchChanges", STATION),
    ("rollcall.identity.v1.ConversionService/GetConversion", CONSOLE),
    ("rollcall.identity.v1.ConversionService/InferConversion", CONSOLE),
    ("rollcall.identity.v1.ConversionService/PreviewConversion", CONSOLE),
    ("rollcall.identity.v1.ConversionService/UpdateConversion", CONSOLE),
    ("rollcall.identity.v1.DiagnosisService/DiagnoseUser", CONSOLE),
    ("rollcall.identity.v1.DirectoryService/EraseDirectory", OPERATOR),
    ("rollcall.identity.v1.GroupService/CreateGroup", GATEWAY_AND_CONSOLE),
    ("rollcall.identity.v1.GroupService/DeleteGroup", GATEWAY_AND_CONSOLE),
    ("rollcall.identity.v1.GroupService/GetGroup", GATEWAY_AND_CONSOLE),
    ("rollcall.identity.v1.GroupService/ListGroups", GATEWAY_AND_CONSOLE),
    ("rollcall.identity.v1.GroupService/ListMembers", GATEWAY_AND_CONSOLE),
    ("rollcall.identity.v1.GroupService/PatchGroup", GATEWAY_AND_CONSOLE),
    ("rollcall.identity.v1.GroupService/ReplaceGroup", GATEWAY_AND_CONSOLE),
    ("rollcall.identity.v1.GroupService/SetGroupSource", CONSOLE),
    ("rollcall.identity.v1.ImportService/ImportUsers", CONSOLE),
    ("rollcall.identity.v1.LookupService/BatchCheckMemberships", LOOKING_UP),
    ("rollcall.identity.v1.LookupService/BatchListUserGroups", LOOKING_UP),
    ("rollcall.identity.v1.LookupService/BatchLookupCards", LOOKING_UP),
    ("rollcall.identity.v1.LookupService/BatchLookupUsers", LOOKING_UP),
    ("rollcall.identity.v1.PinService/ChangeSecret", STATION),
    ("rollcall.identity.v1.PinService/ClearSecret", CONSOLE),
    ("rollcall.identity.v1.PinService/CreateRegistrationCode", CONSOLE),
    ("rollcall.identity.v1.PinService/ListSecrets", CONSOLE),
    ("rollcall.identity.v1.PinService/SetSecret", CONSOLE),
    ("rollcall.identity.v1.SettingsService/GetSettings", CONSOLE),
    ("rollcall.identity.v1.SettingsService/UpdateSettings", CONSOLE),
    ("rollcall.identity.v1.StationService/AcknowledgeChanges", STATION),
    ("rollcall.identity.v1.StationService/DeleteStation", CONSOLE),
    ("rollcall.identity.v1.StationService/ListRemovals", CONSOLE),
    ("rollcall.identity.v1.StationService/ListStations", CONSOLE),
    ("rollcall.identity.v1.StationService/RegisterCard", STATION),
    ("rollcall.identity.v1.StationService/VerifySecret", STATION),
    ("rollcall.identity.v1.UserService/CreateUser", GATEWAY_AND_CONSOLE),
    ("rollcall.identity.v1.UserService/DeleteUser", GATEWAY_AND_CONSOLE),
    ("rollcall.identity.v1.UserService/GetUser", GATEWAY_AND_CONSOLE),
    ("rollcall.identity.v1.UserService/ListUsers", GATEWAY_AND_CONSOLE),
    ("rollcall.identity.v1.UserService/PatchUser", GATEWAY_AND_CONSOLE),
    ("rollcall.identity.v1.UserService/ReplaceUser", GATEWAY_AND_CONSOLE),
    ("rollcall.identity.v1.UserService/SetUserSource", CONSOLE),
    ("rollcall.token.v1.AccountService/CreateAccount", CONSOLE),
    ("rollcall.token.v1.AccountService/EraseAccount", OPERATOR),
    ("rollcall.token.v1.AccountService/GetAccount", CONSOLE),
    ("rollcall.token.v1.AccountService/ListAccounts", CONSOLE),
    ("rollcall.token.v1.AuditService/ListAuditEntries", CONSOLE),
    ("rollcall.token.v1.AuditService/RecordAuditEntry", CONSOLE),
    ("rollcall.token.v1.ConnectionService/GetConnection", CONSOLE),
    ("rollcall.token.v1.NoticeService/GetNoticeSettings", CONSOLE),
    ("rollcall.token.v1.NoticeService/ListNotices", CONSOLE),
    ("rollcall.token.v1.NoticeService/RotateWebhookSecret", CONSOLE),
    ("rollcall.token.v1.NoticeService/SendTestNotice", CONSOLE),
    ("rollcall.token.v1.NoticeService/UpdateNoticeSettings", CONSOLE),
    ("rollcall.token.v1.SessionService/CreateInvitation", CONSOLE),
    ("rollcall.token.v1.SessionService/CreateSession", CONSOLE),
    ("rollcall.token.v1.SessionService/EndSession", CONSOLE),
    ("rollcall.token.v1.SessionService/RedeemInvitation", CONSOLE),
    ("rollcall.token.v1.SessionService/VerifySession", CONSOLE),
    ("rollcall.token.v1.SyncLogService/GetSyncEntry", CONSOLE),
    ("rollcall.token.v1.SyncLogService/GetSyncLogSettings", CONSOLE),
    ("rollcall.token.v1.SyncLogService/ListSyncEntries", CONSOLE),
    ("rollcall.token.v1.SyncLogService/RecordSyncEntries", GATEWAY),
    ("rollcall.token.v1.SyncLogService/UpdateSyncLogSettings", CONSOLE),
    ("rollcall.token.v1.TokenService/GenerateToken", CONSOLE),
    ("rollcall.token.v1.TokenService/ListTokens", CONSOLE),
    ("rollcall.token.v1.TokenService/RetireToken", CONSOLE),
    ("rollcall.token.v1.TokenService/RevokeToken", CONSOLE),
    ("rollcall.token.v1.TokenService/VerifyToken", GATEWAY),
];

/// Services that whoever is known may ask: how a server is, and what it offers.
const FOR_ALL: [&str; 3] = [
    "/grpc.health.v1.Health/",
    "/grpc.reflection.v1.ServerReflection/",
    "/grpc.reflection.v1alpha.ServerReflection/",
];

/// Whether a role may call the rpc at this path, `/package.Service/Method`.
pub fn allows(role: Role, path: &str) -> bool {
    if role == Role::Operator || FOR_ALL.iter().any(|service| path.starts_with(service)) {
        return true;
    }
    let called = path.strip_prefix('/').unwrap_or_default();
    RULES.iter().any(|(rpc, who)| *rpc == called && who.contains(&role))
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
        let ruled: Vec<String> = RULES.iter().map(|(rpc, _)| (*rpc).to_owned()).collect();
        assert_eq!(rpcs, ruled.iter().cloned().collect(), "a new rpc needs a rule, and a rule an rpc");
        assert_eq!(rpcs.len(), ruled.len());
    }

    #[test]
    fn roles() {
        for (path, who) in [
            ("/rollcall.token.v1.TokenService/GenerateToken", "console operator"),
            ("/rollcall.token.v1.TokenService/VerifyToken", "gateway operator"),
            ("/rollcall.token.v1.SessionService/CreateSession", "console operator"),
            ("/rollcall.identity.v1.LookupService/BatchLookupCards", "print station operator"),
            ("/rollcall.identity.v1.ChangeService/WatchChanges", "station operator"),
            ("/rollcall.identity.v1.StationService/ListRemovals", "console operator"),
            ("/rollcall.identity.v1.UserService/DeleteUser", "gateway console operator"),
            ("/rollcall.identity.v1.UserService/NoSuchRpc", "operator"),
            ("/grpc.health.v1.Health/Check", "gateway console print station operator service"),
            ("rollcall.token.v1.TokenService/VerifyToken", "operator"),
            ("/rollcall.token.v1.AccountService/EraseAccount", "operator"),
            ("", "operator"),
        ] {
            let roles = [
                (Role::Gateway, "gateway"),
                (Role::Console, "console"),
                (Role::Print, "print"),
                (Role::Station, "station"),
                (Role::Operator, "operator"),
                (Role::Service, "service"),
            ];
            let may: Vec<_> =
                roles.iter().filter(|(role, _)| allows(*role, path)).map(|(_, name)| *name).collect();
            assert_eq!(may.join(" "), who, "{path}");
        }
    }
}
