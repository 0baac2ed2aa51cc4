"""The site: every number is the view's, every text is escaped, what is missing is said."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from html import unescape

import pytest

from focus_lake.errors import OptionsError
from focus_lake.report import board, parts, pdf, site, words
from focus_lake.report.__main__ import chosen_months
from focus_lake.report.facts import Facts
from focus_lake.report.questions import HIDDEN, QUESTIONS, Answers, _hidden

MADE = datetime(2026, 2, 3, 4, 5, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"


def cost(month: str, billed: str, **others) -> dict:
    row = {
        "month": month,
        "provider": "aws",
        "service": "Compute",
        "category": "Compute",
        "account": "one",
        "currency": "USD",
        "reporting": "USD",
        "billed": Decimal(billed),
        "effective": Decimal(billed),
        "converted": Decimal(billed),
        "charges": 1,
    }
    return row | others


def department(name: str, month: str, total: str) -> dict:
    return dict.fromkeys(QUESTIONS["departments"].columns) | {
        "yearmonth": month,
        "x_Department": name,
        "BillingCurrency": "USD",
        "x_Direct": Decimal(total),
        "x_Shared": Decimal("0"),
        "x_Adjustments": Decimal("0"),
        "x_Total": Decimal(total),
        "x_ReportingCurrency": "USD",
        "x_TotalConverted": Decimal(total),
        "x_IsClosed": False,
    }


def made(answers: Answers, **chosen) -> dict[str, str]:
    found = {path: text for path, text in site.pages(answers, Facts(), MADE, **chosen)}
    return {path: text.decode() for path, text in found.items() if path.endswith(".html")}


def big(page: str, title: str) -> tuple[str, str]:
    """(exact value, text) of a card."""
    (found,) = re.findall(
        rf'<h2>(?:<a [^>]*>)?{re.escape(title)}(?:</a>)?</h2><p class="big" data-value="([^"]*)">'
        r"(.*?)</p>",
        page,
    )
    return found


TWO = Answers(
    {
        "cost": [
            cost("202601", "100.10"),
            cost("202602", "40.000000000000000001"),
            cost("202602", "-10", service="Refunds"),
            cost("202602", "7", currency="CNY", converted=None),
        ],
        "departments": [
            department("Research & Development", "202602", "12.5"),
            department(HOSTILE, "202602", "-3"),
        ],
    }
)


def test_the_first_number_is_the_newest_months_to_the_last_digit_and_its_change():
    pages = made(TWO)
    assert big(pages["index.html"], "What did we spend?") == ("30.000000000000000001", "30.00 USD")
    assert big(pages["executive.html"], "Spent in Feb 2026")[0] == "30.000000000000000001"
    assert big(pages["executive-202601.html"], "Spent in Jan 2026") == ("100.1", "100.10 USD")
    assert "▼ 70.0 % less" in pages["index.html"]  # 30 of 100.10 is 29.97 %
    assert "7.00 CNY" in pages["executive.html"]  # what has no rate is said, not added


def test_a_hostile_name_is_text_everywhere_and_has_a_file_of_its_own():
    pages = made(TWO)
    assert all(HOSTILE not in text for text in pages.values())
    names = {path for path in pages if path.startswith("statements/")}
    assert len(names) == 2
    assert all(re.fullmatch(r"statements/[a-z0-9-]+\.html", name) for name in names)
    (hostile,) = [text for path, text in pages.items() if "script" in path]
    assert "-3.00 USD" in hostile
    assert f"Statement: {HOSTILE}" in unescape(hostile)


def test_no_two_names_share_a_file():
    names = ["R&D", "R-D", "R D", "r d", "研究", "市场", "Finance", "finance", "(unallocated)", "&"]
    found = parts.files(names)
    assert len(set(found.values())) == len(names)
    assert all(re.fullmatch(r"[a-z0-9-]+", file) for file in found.values())
    assert parts.files(["Customer Success"]) == {"Customer Success": "customer-success"}


def test_every_page_needs_nothing_but_itself_and_links_only_to_pages_that_are_there():
    pages = made(TWO)
    for path, text in pages.items():
        assert not re.search(r'(?:src|href)="(?:https?:)?//', text), path
        for link in re.findall(r'href="([^"#]+)', text):
            if not link.startswith(("data:", "board.pdf", "../board.pdf")):
                target = link.removeprefix("../") if path.startswith("statements/") else link
                assert target in pages, (path, link)


def test_an_empty_lake_says_so_on_every_page_and_how_to_fill_it():
    pages = made(Answers({"cost": []}))
    for path in ("index.html", "executive.html", "on-call.html", "debug.html", "board.html"):
        assert "Nothing is published in this lake yet." in pages[path]
        assert "jobs/normalize_focus.py" in pages[path]


def test_without_budgets_departments_and_outcomes_the_page_says_how_to_give_them():
    pages = made(Answers({"cost": [cost("202601", "1")]}))
    assert "reference/budgets" in unescape(pages["executive.html"])
    assert "reference/cost_centers" in unescape(pages["executive.html"])
    assert "reference/outcomes" in unescape(pages["board.html"])
    assert "No bill holds a commitment." in pages["commitments.html"]
    assert "no month before" in pages["index.html"]


def test_a_view_that_could_not_be_read_is_named_on_every_page():
    unread = Answers({"cost": [cost("202601", "1")]}, {"budgets": "no such view"})
    for path, text in made(unread).items():
        assert "Views could not be read: budgets." in text, path


def test_a_long_text_is_shortened_and_kept_whole_in_its_title():
    long = "s" * 300
    rows = [{"a": long}]
    shown = parts.table("t", [parts.Column("A", "a")], rows)
    assert f'title="{long}"' in shown
    assert f">{'s' * 240}…<" in shown


def test_400_departments_have_400_statements_and_no_page_weighs_500_kb():
    rows = [
        department(f"Department of a rather long name, number {number}", month, f"{number}.25")
        | {"BillingCurrency": currency}
        for number in range(400)
        for month in ("202601", "202602")
        for currency in ("USD", "EUR", "CNY")
    ]
    pages = made(Answers({"cost": [cost("202601", "1"), cost("202602", "2")], "departments": rows}))
    assert sum(path.startswith("statements/") for path in pages) == 400
    assert max(len(text.encode()) for text in pages.values()) < 500_000


REPORT = Answers(
    TWO.rows
    | {
        "reductions": [
            dict.fromkeys(QUESTIONS["reductions"].columns)
            | {
                "x_Rank": 1,
                "x_What": "关闭 idle disks",
                "x_Reason": "reduction",
                "x_SavingConverted": Decimal("3"),
                "x_ReportingCurrency": "USD",
                "x_Effort": "low",
            }
        ]
    }
)


def test_the_board_report_begins_with_three_numbers_and_names_what_is_missing():
    report = board.report(REPORT, board.Chosen("202601", "202602"))
    assert (report.spent, report.waste) == (Decimal("130.100000000000000001"), Decimal("3"))
    assert "▼ 70.0 % less" in report.change.html
    assert "Bills of 7.00 CNY have no exchange rate to USD." in report.not_held
    assert [row["name"] for row in report.departments] == ["Research & Development", HOSTILE]


def test_the_board_report_on_ai_alone_holds_ai_alone():
    rows = [cost("202602", "5"), cost("202602", "2", category=board.AI)]
    report = board.report(Answers({"cost": rows}), board.Chosen("202602", "202602", ai_only=True))
    assert (report.spent, report.title) == (Decimal("2"), "AI spend")


def test_the_pdf_is_tagged_whole_in_itself_and_the_same_for_the_same_report():
    report = board.report(REPORT, board.Chosen("202601", "202602"))
    first = pdf.render(report, MADE)
    assert first == pdf.render(report, MADE)
    assert first.startswith(b"%PDF-")
    assert 1 <= len(re.findall(rb"/Type ?/Page\b", first)) <= 3
    assert b"/StructTreeRoot" in first  # what a screen reader goes by
    assert b"pdfuaid:part" in first
    assert {b"NotoSansSC-Regular", b"NotoSans"} <= set(
        re.findall(rb"/FontName ?/[A-Z]{6}\+(NotoSansSC-Regular|NotoSans)", first)
    )
    assert b"/FontFile3" in first  # embedded: 关闭 needs no font of the reader


def test_a_sign_that_no_font_has_is_a_box_in_the_pdf_and_stops_nothing():
    rows = [department("Platform 🚀 한국어", "202602", "1"), department("مالية", "202602", "2")]
    report = board.report(
        Answers(TWO.rows | {"departments": rows}), board.Chosen("202602", "202602")
    )
    assert pdf.render(report, MADE).startswith(b"%PDF-")


def test_400_departments_leave_the_pdf_at_three_pages():
    rows = [department(f"Department {number}", "202602", "1") for number in range(400)]
    report = board.report(
        Answers(TWO.rows | {"departments": rows}), board.Chosen("202602", "202602")
    )
    assert len(re.findall(rb"/Type ?/Page\b", pdf.render(report, MADE))) <= 3


def test_a_word_of_300_letters_is_parted_in_the_pdf():
    rows = [department("x" * 300, "202602", "1")]
    report = board.report(
        Answers(TWO.rows | {"departments": rows}), board.Chosen("202602", "202602")
    )
    assert pdf.render(report, MADE).startswith(b"%PDF-")


@pytest.mark.parametrize("text", ["2026", "202613", "202602..202601", "202601-202602", "202701"])
def test_months_that_make_no_sense_are_refused(text):
    with pytest.raises(OptionsError, match=f"--months {text}"):
        chosen_months(text, False, TWO)


def test_masked_pages_hide_accounts_owners_and_commitments():
    assert _hidden("cost", {"account": "one", "billed": 1}) == {"account": HIDDEN, "billed": 1}
    assert _hidden("budgets", {"x_Scope": "account", "x_Value": "1", "x_BudgetOwner": "a@b"}) == {
        "x_Scope": "account",
        "x_Value": HIDDEN,
        "x_BudgetOwner": HIDDEN,
    }
    assert _hidden("budgets", {"x_Scope": "provider", "x_Value": "aws", "x_BudgetOwner": None}) == {
        "x_Scope": "provider",
        "x_Value": "aws",
        "x_BudgetOwner": None,
    }


@pytest.mark.parametrize(
    "value, text",
    [
        ("0", "0.00 X"),
        ("1234567.005", "1,234,567.00 X"),  # half to even
        ("0.0000123", "0.000012 X"),
        ("-0.005", "-0.0050 X"),
        ("-12.345", "-12.34 X"),
    ],
)
def test_money_has_two_decimals_and_more_below_a_cent(value, text):
    assert words.money(Decimal(value), "X") == text


@pytest.mark.parametrize(
    "now, before, said",
    [
        ("150", "100", "▲ 50.0 % more"),
        ("100", "100", "▬  the same"),
        ("-7", "100", "▼ below zero now"),
        ("5", "0", "nothing to compare with"),
        ("5", None, "no month before"),
    ],
)
def test_a_change_is_said_in_words(now, before, said):
    found = words.change(Decimal(now), None if before is None else Decimal(before)).html
    assert said in found


def test_what_could_not_be_read_is_not_said_to_be_none():
    bill = cost("202601", "5")
    parts = {
        "on-call.html": ("deliveries", "anomalies", "findings"),
        "debug.html": ("refused", "mapping"),
        "executive.html": ("rates",),
    }
    for page, names in parts.items():
        for name in names:
            whole = made(Answers({"cost": [bill]}))[page]
            lacking = made(Answers({"cost": [bill]}, {name: "no such view"}))[page]
            assert "<b>Not known.</b> no such view" in lacking
            assert lacking.count('class="good"') == whole.count('class="good"') - 1
