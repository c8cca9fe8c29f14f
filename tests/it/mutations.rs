//! Ten thousand texts that are nearly a token: each is refused by the same bytes, and no log holds a piece of one.

use std::collections::HashSet;

use futures::future::join_all;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    client::Client,
    server::{Process, Server, Store, generate_token},
};

const MUTATIONS: usize = 10_000;
/// Connections that are used side by side, each kept alive to its end.
const CONNECTIONS: usize = 16;
const PREFIX: &str = "rollcall_scim_";
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// What looks like another character, or like nothing.
const ALIKE: [(char, &str); 16] = [
    ('0', "O"),
    ('O', "0"),
    ('1', "l"),
    ('l', "I"),
    ('I', "1"),
    ('a', "\u{430}"),
    ('c', "\u{441}"),
    ('e', "\u{435}"),
    ('o', "\u{43e}"),
    ('A', "\u{391}"),
    ('B', "\u{392}"),
    ('i', "\u{131}"),
    ('r', "\u{ff52}"),
    ('s', "s\u{301}"),
    ('_', "\u{203f}"),
    ('m', "m\u{200b}"),
];

/// The same numbers in each run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }

    fn of<'a, T>(&mut self, values: &'a [T]) -> &'a T {
        &values[self.below(values.len())]
    }

    fn digit(&mut self) -> char {
        char::from(*self.of(DIGITS))
    }
}

/// The text with the bytes `from..to` replaced. White space is never at its ends: there, it belongs to HTTP.
fn replaced(token: &str, from: usize, to: usize, by: &str) -> String {
    format!("{}{by}{}", &token[..from], &token[to..])
}

fn mutation(token: &str, numbers: &mut Numbers) -> String {
    let length = token.len();
    let at = numbers.below(length);
    let here = token[at..].chars().next().unwrap();
    let within = 1 + numbers.below(length - 1);
    match numbers.below(15) {
        0 => token[..at].to_owned(),
        1 => token[within..].to_owned(),
        2 => replaced(token, within, within, &token[..within]),
        3 if here.is_ascii_uppercase() => replaced(token, at, at + 1, &here.to_ascii_lowercase().to_string()),
        3 => replaced(token, at, at + 1, &here.to_ascii_uppercase().to_string()),
        4 => replaced(token, at, at + 1, &numbers.digit().to_string()),
        5 => replaced(token, at, at, &numbers.digit().to_string()),
        6 => replaced(token, at, at + 1, ""),
        7 => {
            let other = numbers.below(length);
            let mut bytes = token.as_bytes().to_vec();
            bytes.swap(at, other);
            String::from_utf8(bytes).unwrap()
        }
        8 => replaced(
            token,
            within,
            within,
            numbers.of::<&str>(&[" ", "\t", "  ", "\u{a0}", "\u{2009}", "\u{feff}"]),
        ),
        9 => {
            let there: Vec<_> = ALIKE.iter().filter(|(character, _)| token.contains(*character)).collect();
            let (character, other) = numbers.of(&there);
            let places: Vec<usize> = token.match_indices(*character).map(|(place, _)| place).collect();
            let place = *numbers.of(&places);
            replaced(token, place, place + 1, other)
        }
        10 => replaced(token, at, length, &token[at..].chars().rev().collect::<String>()),
        // Only a look into the database tells these from a token.
        11 => {
            with_checksum(&replaced(&token[..44], at % 30 + 14, at % 30 + 15, &numbers.digit().to_string()))
        }
        12 => replaced(token, at, at + 1, &format!("%{:02X}", u32::from(here))),
        13 => replaced(
            token,
            at,
            at,
            numbers.of::<&str>(&["\"", "'", ",", ";", "=", "/", "\\", "-", "_", "'--", "*", "%"]),
        ),
        _ => format!("{}{}", numbers.digit(), replaced(token, at, at + 1, &numbers.digit().to_string())),
    }
}

fn with_checksum(body: &str) -> String {
    let mut rest = usize::try_from(crc32fast::hash(body.as_bytes())).unwrap();
    let mut sum = [' '; 6];
    for place in sum.iter_mut().rev() {
        *place = char::from(DIGITS[rest % 62]);
        rest /= 62;
    }
    format!("{body}{}", sum.iter().collect::<String>())
}

fn mutations(token: &str) -> Vec<String> {
    let (mut numbers, mut known) = (Numbers(1), HashSet::from([token.to_owned()]));
    let mut texts = Vec::new();
    while texts.len() < MUTATIONS {
        let text = mutation(token, &mut numbers);
        if known.insert(text.clone()) {
            texts.push(text);
        }
    }
    texts
}

/// The bytes of the answer to one request after another, without the date.
async fn answers(address: &str, texts: &[String]) -> Vec<(String, Vec<u8>)> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut answers = Vec::new();
    let mut bytes = Vec::new();
    for text in texts {
        let request = format!(
            "GET /acme/scim/v2/Users HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {text}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let (head, length) = loop {
            if let Some(head) = bytes.windows(4).position(|end| end == b"\r\n\r\n") {
                let lines = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
                let length = lines.lines().find_map(|line| line.strip_prefix("content-length: "));
                break (head + 4, length.unwrap().parse::<usize>().unwrap());
            }
            assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "no answer to {text:?}");
        };
        while bytes.len() < head + length {
            assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "half an answer to {text:?}");
        }
        let rest = bytes.split_off(head + length);
        let mut answer = std::mem::replace(&mut bytes, rest);
        let date = answer.windows(8).position(|begin| begin.eq_ignore_ascii_case(b"\r\ndate: ")).unwrap();
        let end = answer[date + 2..].windows(2).position(|end| end == b"\r\n").unwrap() + date + 2;
        answer.drain(date..end);
        answers.push((text.clone(), answer));
    }
    answers
}

#[tokio::test]
async fn ten_thousand_near_tokens_get_one_answer_and_no_log_holds_a_piece_of_one() {
    for store in Store::both() {
        eprintln!("--- on {}", store.kind);
        let directory = tempfile::tempdir().unwrap();
        let mut settings = store.settings();
        settings.push(("ROLLCALL_LOG", "debug".to_owned()));
        let (process, urls) =
            Process::start(Server::binary(), &["serve"], &settings, directory.path(), &["scim", "token"]);
        let [scim, token_service] = urls.try_into().unwrap();
        crate::server::create_account(&token_service, "acme").await;
        let token = generate_token(&token_service, "acme").await;
        assert_eq!(token, with_checksum(&token[..44]), "the checksum is the one this test makes");
        let idp = Client::new(format!("{scim}/acme/scim/v2"), &token);
        idp.get("/Users").await.ok();

        let texts = mutations(&token);
        let address = scim.trim_start_matches("http://");
        let share = texts.len().div_ceil(CONNECTIONS);
        let found = join_all(texts.chunks(share).map(|share| answers(address, share))).await.concat();
        assert_eq!(found.len(), MUTATIONS);
        let (_, first) = &found[0];
        let text = String::from_utf8_lossy(first);
        assert!(text.starts_with("HTTP/1.1 401 "), "{text}");
        for (mutation, answer) in &found {
            assert_eq!(answer, first, "{mutation:?}: {}", String::from_utf8_lossy(answer));
        }

        idp.get("/Users").await.ok();
        process.stop().await;
        let log = std::fs::read_to_string(directory.path().join("rollcall.log")).unwrap().to_lowercase();
        assert!(log.contains("debug"), "the log says nothing");
        // Four characters more than the prefix are shown, to tell tokens apart.
        let secret = token[PREFIX.len() + 4..].to_lowercase();
        for piece in secret.as_bytes().windows(8).map(|piece| std::str::from_utf8(piece).unwrap()) {
            assert!(!log.contains(piece), "the log holds {piece:?} of {token}");
        }
    }
}
