"""Over twenty deliberate faults in the code that normalizes: each is found, in the right column."""

from __future__ import annotations

import io
import zipfile

import pytest

from focus_lake.normalize import job
from focus_lake.transform import tags, times
from frames.faults import FAULTS
from helpers.job_process import InProcess

pytestmark = pytest.mark.slow
MONTHS = [f"{2020 + number // 12}{number % 12 + 1:02}" for number in range(len(FAULTS) + 1)]
HEAD = (
    "BilledCost,EffectiveCost,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,"
    "ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ServiceName,ProviderName,PublisherName,"
    "InvoiceIssuerName,RegionId,RegionName,ResourceId,PricingUnit,Tags,Budget"
)
TAGS = (
    '{"Owner": "mei", "team": "web"}',
    '{"OWNER": "li", "Project": "shop"}',
    '{"size": 1.10, "deep": {"a": [1.0, "x"]}}',
    '{"twice": "1", "twice": "2"}',
    '{"Owner": "ann", "Project": "p"} trailing',
    "",
)


def bill(month: str) -> bytes:
    """Twelve rows of a month in a zip; among them a null, a credit and odd texts."""
    start, at = f"{month[:4]}-{month[4:]}-01 00:00:00", io.BytesIO()
    lines = [HEAD]
    for row in range(12):
        cost = f"{row}.123456789012345678" if row % 3 else f"-{row}.5"
        tag = TAGS[row % len(TAGS)].replace('"', '""')
        day = f"{month[:4]}-{month[4:]}-{row + 1:02}"
        lines.append(
            f"{cost},{cost},CNY,{start},{day} 00:00:00,{day} 10:00:00.250,{day} 11:00:00,"
            f"{'usage' if row % 2 else 'Tax'},云服务器 ECS,26842,Alibaba Cloud,26842,"
            f'cn-{row},Region {row}, r-{row},{"-" if row % 2 else "Hour"},"{tag}",b{row}'
        )
    with zipfile.ZipFile(at, "w") as archive:
        archive.writestr("bill.csv", "\n".join(lines) + "\n")
    return at.getvalue()


@pytest.fixture(scope="module")
def found(tmp_path_factory, wide):
    """A lake with a month for each fault, published under it, and one without; its audit."""
    from helpers.audits import Audits

    audits = Audits(tmp_path_factory.mktemp("faults"), wide)
    for month in MONTHS:
        place = f"alibaba/{month}/{month}28173000/1500_2_X_{month}.zip"
        audits.put(place, bill(month))
    for month, (fault, _) in zip(MONTHS, [*FAULTS.values(), (None, None)], strict=True):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(job, "Cluster", InProcess)
            tags._reader.cache_clear()
            times.parse_one.cache_clear()
            if fault:
                fault(patch)
            audits.publish(yearmonths=month, accept="month_mismatch")
    tags._reader.cache_clear()
    audited = audits.audit()
    assert audited.code == 1
    return {key[:6]: line for key, line in audited.lines.items()}


@pytest.mark.parametrize("name", FAULTS)
def test_the_audit_finds_the_fault_and_names_its_columns(found, name):
    line = found[MONTHS[list(FAULTS).index(name)]]
    assert line["verdict"] == "differs"
    assert set(line["columns_that_differ"]) == FAULTS[name][1]
    for one in line["differences"]:
        assert one["row_count"] >= len(one["examples"]) > 0
        assert all(example["file"] for example in one["examples"])
        assert all(example["raw"] != example["published"] for example in one["examples"])


def test_a_batch_without_a_fault_agrees(found):
    line = found[MONTHS[-1]]
    assert (line["verdict"], line["columns_that_differ"], line["rows_raw"]) == ("agrees", [], 12)


def test_there_are_more_than_twenty_faults():
    assert len(FAULTS) > 20
