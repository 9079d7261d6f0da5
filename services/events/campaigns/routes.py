"""HTTP for campaigns: the list of real ones, and one of them."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.events.campaigns import queries
from services.events.campaigns.schemas import CampaignOut
from services.kit.app import KitDep
from services.kit.divisions import DivisionCode
from services.kit.languages import DEFAULT
from services.kit.pages import Page, PagingDep
from services.kit.problems import Missing
from services.kit.routing import Router

router = Router(prefix="/campaigns", tags=["campaigns"])


def _in_chinese(response: Response) -> Response:
    # The reports that tell of them are in Chinese; nothing is invented.
    response.headers["Content-Language"] = DEFAULT
    return response


@router.get("", response_model=Page[CampaignOut])
async def list_campaigns(
    request: Request,
    kit: KitDep,
    paging: PagingDep,
    division: Annotated[DivisionCode | None, Query(description="At or below it")] = None,
) -> Response:
    """Campaigns at or below a division, the latest first."""
    after = paging.after(str, UUID)
    found, values = queries.campaigns((after[0], after[1]) if after else None, division)
    return _in_chinese(await found.answer(request, kit.database, paging.limit, *values))


@router.get("/{campaign_id}", response_model=CampaignOut)
async def read_campaign(request: Request, kit: KitDep, campaign_id: UUID) -> Response:
    """One campaign."""
    found = await queries.CAMPAIGN.answer(request, kit.database, campaign_id)
    if found is None:
        raise Missing()
    return _in_chinese(found)
