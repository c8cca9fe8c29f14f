//! `rollcall.identity.v1.PinService`.

use rollcall_proto::identity::{
    ChangeSecretRequest, ClearSecretRequest, CreateRegistrationCodeRequest, CreateRegistrationCodeResponse,
    ListSecretsRequest, ListSecretsResponse, Secret, SecretKind, SecretSource, SetSecretRequest,
    pin_service_server,
};
use tonic::{Request, Response, Status};

use crate::{
    directory::Directory,
    name, secret,
    store::{clock, error::Error, head, secrets, users},
};

/// How long a registration code that an administrator makes is good.
const CODE_LIFE: i64 = 24 * 60 * 60 * 1000;
/// The digits of a registration code.
const CODE_DIGITS: usize = 8;
/// The most bytes of a secret that are looked at.
const MAX_SECRET: usize = 512;

/// PINs, passcodes and registration codes over gRPC.
pub struct PinService(pub(crate) Directory);

#[tonic::async_trait]
impl pin_service_server::PinService for PinService {
    async fn set_secret(&self, request: Request<SetSecretRequest>) -> Result<Response<Secret>, Status> {
        let SetSecretRequest { user, kind, secret, source } = request.into_inner();
        let (account, user) = name::resource("user", "users", &user)?;
        let kind = settable(kind)?;
        let source = match SecretSource::try_from(source) {
            Ok(SecretSource::Unspecified) => SecretSource::Console,
            Ok(source) => source,
            Err(_) => return Err(Error::field("source", "is not a value of its enum").into()),
        };
        Ok(Response::new(self.set((account, user), (kind, source), &secret, None).await?))
    }

    async fn clear_secret(&self, request: Request<ClearSecretRequest>) -> Result<Response<()>, Status> {
        let ClearSecretRequest { user, kind } = request.into_inner();
        let (account, user) = name::resource("user", "users", &user)?;
        let kind = self::kind(kind)?;
        let in_account = account.clone();
        let clear = move |c: &mut rollcall_db::Connection| {
            head::lock(c, &in_account)?;
            users::read(c, &in_account, &user)?;
            if secrets::clear(c, &in_account, &user, kind)? {
                users::note_change(c, &in_account, &user, clock::now())?;
            }
            Ok(())
        };
        self.0.write(&account, clear).await?;
        Ok(Response::new(()))
    }

    async fn list_secrets(
        &self,
        request: Request<ListSecretsRequest>,
    ) -> Result<Response<ListSecretsResponse>, Status> {
        let (account, user) = name::resource("user", "users", &request.get_ref().user)?;
        let list = move |c: &mut rollcall_db::Connection| {
            users::read(c, &account, &user)?;
            let now = clock::now();
            let secrets = secrets::of_user(c, &account, &user)?.iter().map(|row| row.message(now)).collect();
            Ok(ListSecretsResponse { secrets })
        };
        Ok(Response::new(self.0.read(list).await?))
    }

    async fn create_registration_code(
        &self,
        request: Request<CreateRegistrationCodeRequest>,
    ) -> Result<Response<CreateRegistrationCodeResponse>, Status> {
        let (account, user) = name::resource("user", "users", &request.get_ref().user)?;
        let code = digits()?;
        let kind = (SecretKind::RegistrationCode, SecretSource::Console);
        let expires_at = clock::now() + CODE_LIFE;
        self.set((account, user), kind, &code, Some(expires_at)).await?;
        let expire_time = Some(clock::timestamp(expires_at));
        Ok(Response::new(CreateRegistrationCodeResponse { code, expire_time }))
    }

    async fn change_secret(&self, request: Request<ChangeSecretRequest>) -> Result<Response<Secret>, Status> {
        let ChangeSecretRequest { user, kind, current, secret, station } = request.into_inner();
        let (account, user) = name::resource("user", "users", &user)?;
        let kind = settable(kind)?;
        name::optional_station(&station)?;
        if current.len() > MAX_SECRET {
            return Err(Error::WrongSecret.into());
        }
        let right = self.0.try_secret(&account, Some(&user), kind, &current, &station).await?;
        let Some(_) = right else { return Err(Status::permission_denied(Error::WrongSecret.to_string())) };
        Ok(Response::new(self.set((account, user), (kind, SecretSource::Person), &secret, None).await?))
    }
}

impl PinService {
    async fn set(
        &self,
        (account, user): (String, String),
        (kind, source): (SecretKind, SecretSource),
        text: &str,
        expires_at: Option<i64>,
    ) -> Result<Secret, Error> {
        let (in_account, id, vault) = (account.clone(), user.clone(), self.0.vault());
        let person = self.0.read(move |c| users::open(c, &vault, &in_account, &id)).await?;
        let names = secret::names(&person);
        let hashed = self.0.hash(&account, Some(&user), kind, text, &names).await?;
        let in_account = account.clone();
        let set = move |c: &mut rollcall_db::Connection| {
            head::lock(c, &in_account)?;
            users::read(c, &in_account, &user)?;
            secrets::set_and_note(c, (&in_account, &user), (kind, source), &hashed, expires_at)
        };
        self.0.write(&account, set).await
    }
}

pub(crate) fn kind(number: i32) -> Result<SecretKind, Error> {
    match SecretKind::try_from(number) {
        Ok(SecretKind::Unspecified) | Err(_) => Err(Error::field("kind", "must be a kind of secret")),
        Ok(kind) => Ok(kind),
    }
}

/// A kind that people choose.
pub(crate) fn settable(number: i32) -> Result<SecretKind, Error> {
    match kind(number)? {
        SecretKind::RegistrationCode => Err(Error::field(
            "kind",
            "must be a PIN or a passcode: a registration code is made by the service",
        )),
        kind => Ok(kind),
    }
}

/// A new code: evenly distributed digits.
fn digits() -> Result<String, Error> {
    let mut code = String::new();
    let mut bytes = [0; 32];
    while code.len() < CODE_DIGITS {
        getrandom::fill(&mut bytes).map_err(|_| Error::Defect("the system gives no random numbers"))?;
        // 250 is the largest multiple of 10 that a byte holds.
        let fair = bytes.iter().filter(|byte| **byte < 250).map(|byte| char::from(b'0' + byte % 10));
        code.extend(fair.take(CODE_DIGITS - code.len()));
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_digits_and_differ() {
        let (one, two) = (digits().unwrap(), digits().unwrap());
        assert_ne!(one, two);
        assert!(one.len() == CODE_DIGITS && one.bytes().all(|byte| byte.is_ascii_digit()), "{one}");
    }
}
