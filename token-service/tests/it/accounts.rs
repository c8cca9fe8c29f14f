use rollcall_proto::token::{Account, CreateAccountRequest, GetAccountRequest, ListAccountsRequest};
use tonic::Code;

use crate::server::{on_both, reason};

#[tokio::test]
async fn an_account_is_created_read_and_listed() {
    on_both(async |server| {
        let mut accounts = server.accounts.clone();
        let request = CreateAccountRequest {
            account_id: "acme".to_owned(),
            account: Some(Account { display_name: "Acme Äpfel".to_owned(), ..Default::default() }),
            actor: String::new(),
        };
        let made = accounts.create_account(request).await.unwrap().into_inner();
        assert_eq!((made.name.as_str(), made.display_name.as_str()), ("accounts/acme", "Acme Äpfel"));
        assert!(made.create_time.is_some() && made.last_access_time.is_none());
        let read =
            accounts.get_account(GetAccountRequest { name: made.name.clone() }).await.unwrap().into_inner();
        assert_eq!(read, made);

        // Without a display name, the id is it.
        server.account("b").await.unwrap();
        let list = accounts.list_accounts(ListAccountsRequest::default()).await.unwrap().into_inner();
        assert_eq!(
            list.accounts.iter().map(|a| a.display_name.as_str()).collect::<Vec<_>>(),
            ["Acme Äpfel", "b"]
        );
        assert_eq!(list.next_page_token, "");
    })
    .await;
}

#[tokio::test]
async fn the_same_id_twice_is_refused_even_at_once() {
    on_both(async |server| {
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let server = server.clone();
                tokio::spawn(async move { server.account("acme").await })
            })
            .collect();
        let mut made = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(()) => made += 1,
                Err(status) => {
                    assert_eq!(
                        (status.code(), reason(&status).as_str()),
                        (Code::AlreadyExists, "UNIQUENESS")
                    );
                }
            }
        }
        assert_eq!(made, 1);
    })
    .await;
}

#[tokio::test]
async fn bad_input_names_the_field() {
    on_both(async |server| {
        let mut accounts = server.accounts.clone();
        for id in ["", "Acme", "-a", "a b", "a\0"] {
            let status = server.account(id).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument);
            assert!(status.message().starts_with("account_id: "), "{}", status.message());
        }
        for display_name in ["x".repeat(256), "a\0b".to_owned(), "a\nb".to_owned()] {
            let account = Some(Account { display_name, ..Default::default() });
            let request =
                CreateAccountRequest { account_id: "acme".to_owned(), account, actor: String::new() };
            let status = accounts.create_account(request).await.unwrap_err();
            assert!(status.message().starts_with("account.display_name: "), "{}", status.message());
        }
        let status = accounts.get_account(GetAccountRequest { name: "acme".to_owned() }).await.unwrap_err();
        assert!(status.message().starts_with("name: "), "{}", status.message());
        let status =
            accounts.get_account(GetAccountRequest { name: "accounts/nobody".to_owned() }).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound);
        for (page_size, page_token) in [(-1, ""), (1, "NOT ONE")] {
            let request = ListAccountsRequest { page_size, page_token: page_token.to_owned() };
            assert_eq!(accounts.list_accounts(request).await.unwrap_err().code(), Code::InvalidArgument);
        }
    })
    .await;
}

#[tokio::test]
async fn pages_hold_every_account_once_in_order() {
    on_both(async |server| {
        for number in 0..7 {
            server.account(&format!("a{number}")).await.unwrap();
        }
        let (mut seen, mut page_token, mut accounts) = (Vec::new(), String::new(), server.accounts.clone());
        loop {
            let request = ListAccountsRequest { page_size: 3, page_token };
            let page = accounts.list_accounts(request).await.unwrap().into_inner();
            assert!(page.accounts.len() <= 3);
            seen.extend(page.accounts.into_iter().map(|account| account.display_name));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, ["a0", "a1", "a2", "a3", "a4", "a5", "a6"]);
    })
    .await;
}
