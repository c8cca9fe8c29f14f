use rollcall_proto::identity::{
    CardConversion, ConversionPair, ConversionStep, HexToDecimal, InferConversionRequest, LeadingZeros,
    LetterCase, PreviewConversionRequest, PreviewConversionResponse, UpdateConversionRequest,
    conversion_step::Step,
};
use tonic::{Code, Status};

use crate::{
    cards::{cards_of, give, holder, with_cards},
    service::{ACCOUNT, Service, both, user},
};

fn conversion(step: Step) -> CardConversion {
    CardConversion { steps: vec![ConversionStep { step: Some(step) }], reader_steps: vec![] }
}

async fn preview(service: &Service, conversion: CardConversion) -> PreviewConversionResponse {
    let request = PreviewConversionRequest { parent: ACCOUNT.to_owned(), conversion: Some(conversion) };
    service.conversions.clone().preview_conversion(request).await.unwrap().into_inner()
}

async fn switch(service: &Service, conversion: CardConversion) -> Result<(), Status> {
    let request = UpdateConversionRequest { parent: ACCOUNT.to_owned(), conversion: Some(conversion) };
    service.conversions.clone().update_conversion(request).await.map(drop)
}

/// Switches a conversion on by which case does not count.
pub(crate) async fn upper_case(service: &Service) {
    switch(service, conversion(Step::LetterCase(LetterCase { lower: false }))).await.unwrap();
}

#[test]
fn three_pairs_are_enough_and_the_reader_finds_its_cards() {
    both(async |service| {
        let pairs = [("C3B2A104", "77705923"), ("01EEFF04", "83881473"), ("10AA0004", "67152400")];
        for (_, directory) in pairs {
            service.create(with_cards(&format!("u{directory}"), &[directory])).await.unwrap();
        }
        assert_eq!(holder(&service, "C3B2A104").await, "");
        let request = InferConversionRequest {
            parent: ACCOUNT.to_owned(),
            pairs: pairs
                .iter()
                .map(|(reader, directory)| ConversionPair {
                    reader_value: (*reader).to_owned(),
                    directory_value: (*directory).to_owned(),
                })
                .collect(),
        };
        let found =
            service.conversions.clone().infer_conversion(request).await.unwrap().into_inner().candidates;
        let first = found[0].conversion.clone().unwrap();
        let seen = preview(&service, first.clone()).await;
        assert_eq!((seen.cards, seen.changed, seen.collision_count, seen.failure_count), (3, 0, 0, 0));
        switch(&service, first).await.unwrap();
        assert_eq!(holder(&service, "C3B2A104").await, "u77705923");
        assert_eq!(holder(&service, "10AA0004").await, "u67152400");
        assert_eq!(holder(&service, "77705923").await, "", "readers give other numbers now");
    });
}

#[test]
fn collisions_are_shown_and_nothing_is_switched_on_while_there_are_any() {
    both(async |service| {
        let anna = service.create(with_cards("anna", &["0012"])).await.unwrap();
        let ben = service.create(with_cards("ben", &["12"])).await.unwrap();
        give(&service, &anna, "00012").await.unwrap();
        give(&service, &ben, "x7").await.unwrap();
        let zeros = || conversion(Step::LeadingZeros(LeadingZeros { length: 0 }));
        let seen = preview(&service, zeros()).await;
        assert_eq!((seen.cards, seen.changed, seen.collision_count), (4, 2, 1));
        let names: Vec<&str> = seen.collisions[0].user_names.iter().map(String::as_str).collect();
        assert_eq!(names, ["anna", "ben", "anna"]);
        assert_eq!(switch(&service, zeros()).await.unwrap_err().code(), Code::FailedPrecondition);
        assert_eq!(holder(&service, "0012").await, "anna", "all is as it was");
        let seen = preview(&service, conversion(Step::HexToDecimal(HexToDecimal {}))).await;
        assert_eq!((seen.failure_count, seen.failures[0].user_name.as_str()), (1, "ben"));
        // Without Ben's, two of Anna's become one card.
        service.delete(&ben.name).await;
        let carl = service.create(with_cards("carl", &["y9"])).await.unwrap();
        let refused = switch(&service, conversion(Step::HexToDecimal(HexToDecimal {}))).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "it cannot be applied to one: {refused:?}");
        service.delete(&carl.name).await;
        switch(&service, zeros()).await.unwrap();
        assert_eq!(cards_of(&service, &anna.name).await.len(), 1);
        for number in ["12", "0012", "000000012"] {
            assert_eq!(holder(&service, number).await, "anna");
        }
        // And what comes in from now on is converted alike.
        service.create(with_cards("carl", &["0077"])).await.unwrap();
        assert_eq!(holder(&service, "77").await, "carl");
        let dora = service.create(user("dora")).await.unwrap();
        assert!(!give(&service, &dora, "077").await.unwrap().holder.is_empty());
    });
}
