//! `rollcall.identity.v1.ConversionService`.

use rollcall_card::{conversion::Conversion, infer};
use rollcall_proto::identity::{
    CardConversion, GetConversionRequest, GetConversionResponse, InferConversionRequest,
    InferConversionResponse, PreviewConversionRequest, PreviewConversionResponse, UpdateConversionRequest,
    conversion_service_server,
};
use tonic::{Request, Response, Status};

use crate::{
    directory::Directory,
    name,
    store::{conversion_changes, conversions, error::Error},
};

/// Conversions of card numbers over gRPC.
pub struct ConversionService(pub(crate) Directory);

#[tonic::async_trait]
impl conversion_service_server::ConversionService for ConversionService {
    async fn get_conversion(
        &self,
        request: Request<GetConversionRequest>,
    ) -> Result<Response<GetConversionResponse>, Status> {
        let account = name::account("parent", &request.get_ref().parent)?;
        let conversion = self.0.read(move |c| conversions::read(c, &account)).await?;
        Ok(Response::new(GetConversionResponse { conversion: Some(conversion) }))
    }

    async fn infer_conversion(
        &self,
        request: Request<InferConversionRequest>,
    ) -> Result<Response<InferConversionResponse>, Status> {
        let InferConversionRequest { parent, pairs } = request.into_inner();
        name::account("parent", &parent)?;
        let found = tokio::task::spawn_blocking(move || infer::infer(&pairs)).await;
        let candidates = found
            .map_err(|_| Error::Defect("the search for a conversion"))?
            .map_err(|problem| Error::field("pairs", problem.to_string()))?;
        Ok(Response::new(InferConversionResponse { candidates }))
    }

    async fn preview_conversion(
        &self,
        request: Request<PreviewConversionRequest>,
    ) -> Result<Response<PreviewConversionResponse>, Status> {
        let PreviewConversionRequest { parent, conversion } = request.into_inner();
        let account = name::account("parent", &parent)?;
        let (_, compiled) = checked(conversion)?;
        let vault = self.0.vault();
        let preview = move |c: &mut rollcall_db::Connection| {
            conversion_changes::preview(c, &vault, &account, &compiled)
        };
        Ok(Response::new(self.0.read(preview).await?))
    }

    async fn update_conversion(
        &self,
        request: Request<UpdateConversionRequest>,
    ) -> Result<Response<GetConversionResponse>, Status> {
        let UpdateConversionRequest { parent, conversion } = request.into_inner();
        let account = name::account("parent", &parent)?;
        let (conversion, compiled) = checked(conversion)?;
        let (in_account, vault, steps) = (account.clone(), self.0.vault(), conversion.clone());
        let update = move |c: &mut rollcall_db::Connection| {
            conversion_changes::update(c, &vault, &in_account, (&steps, &compiled))
        };
        self.0.write(&account, update).await?;
        tracing::info!(
            account,
            steps = conversion.steps.len(),
            reader_steps = conversion.reader_steps.len(),
            "another conversion of card numbers was switched on"
        );
        Ok(Response::new(GetConversionResponse { conversion: Some(conversion) }))
    }
}

fn checked(conversion: Option<CardConversion>) -> Result<(CardConversion, Conversion), Error> {
    let conversion = conversion.unwrap_or_default();
    let compiled = Conversion::compile(&conversion)
        .map_err(|problem| Error::field("conversion", problem.to_string()))?;
    Ok((conversion, compiled))
}
