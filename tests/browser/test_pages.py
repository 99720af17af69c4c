"""Every page in a real browser, wide and narrow: nothing sticks out, the browser objects to nothing, keys suffice."""

import pytest

from analysis.alerts.raising import alerts_raise
from analysis.models import Alert, AlertRule, Review, Run
from analysis.talk.figures import OF_A_VOICE
from tests.factories import (
    AlertRuleFactory,
    CareAssignmentFactory,
    SpeakerFactory,
    TurnFactory,
    analysed,
    consented,
    conversation,
)


@pytest.fixture
def flagged(people):
    """The student with a history that the rules flag and conversations, and a colleague's for comparison."""
    for _ in range(4):
        recording = analysed(people.student, ["sad", "normal", "sad"] * 20)
        speaker = SpeakerFactory(run=recording.current_run, student=True)
        for at in range(0, 100, 10):
            TurnFactory(speaker=speaker, start_s=at, end_s=at + 6, certainty=0.9 if at % 20 else 0.4)
        described = conversation(**dict.fromkeys(OF_A_VOICE, 0.5))
        Run.objects.filter(recording=recording).update(conversation=described)
    CareAssignmentFactory(
        student=consented(name="A student with a rather long name, " + "x" * 60), counselor=people.owner
    )
    AlertRule.objects.filter(kind="share").delete()
    AlertRuleFactory(kind="share", threshold=0.5)
    assert alerts_raise(people.student)
    return recording


def _addresses(people, recording, who: str) -> list[str]:
    student, alert = f"/students/{people.student.pk}/", f"/alerts/{Alert.objects.first().pk}/"
    everyone = ["/", "/students/", student, f"{student}consents/", "/recordings/", f"/recordings/{recording.pk}/"]
    everyone += ["/help/", "/model-card/", "/account/"]
    return (
        everyone
        + {
            "owner": [f"/recordings/{recording.pk}/stretches/?start_s=4&end_s=8.5", "/alerts/", alert, "/notices/"],
            "staff": ["/upload/"],
            "admin": [
                "/alerts/",
                alert,
                "/notices/",
                "/reviews/",
                f"/reviews/{Review.objects.first().pk}/",
                "/rules/",
                "/rules/trend/",
                f"/rules/{AlertRule.objects.first().pk}/",
                "/people/",
                "/audit/",
                "/roster/import/",
            ],
        }[who]
    )


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("who", ["owner", "staff", "admin"])
def test_no_page_is_wider_than_the_window_and_the_browser_objects_to_nothing(people, visitor, flagged, who, width):
    someone = visitor(width=width)
    someone.sign_in(getattr(people, who))
    for address in _addresses(people, flagged, who):
        someone.go(address)
        charts = someone.page.locator("[data-figure]").count()
        someone.page.wait_for_function(
            "count => document.querySelectorAll('.js-plotly-plot').length >= count", arg=charts
        )
        too_wide = someone.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert too_wide <= 0, address
        assert someone.page.locator("h1").count() == 1, address
        nameless = someone.page.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]"
            ".filter(e => !e.closest('.uppy-Root') && !e.labels?.length && !e.ariaLabel).map(e => e.outerHTML)"
        )
        assert nameless == [], address


def test_the_first_key_leads_past_the_menu(people, visitor):
    someone = visitor()
    someone.sign_in(people.owner)
    someone.page.keyboard.press("Tab")
    assert someone.page.evaluate("document.activeElement.textContent") == "Skip to the content"
    someone.page.keyboard.press("Enter")
    assert someone.page.evaluate("location.hash") == "#main"


def test_a_search_while_typing_stays_out_of_the_address(people, visitor):
    someone = visitor()
    someone.sign_in(people.admin)
    someone.go("/students/")
    with someone.page.expect_response(lambda answer: answer.request.method == "POST"):
        someone.page.type("#q", people.student.number)
    someone.page.wait_for_function("document.querySelectorAll('#student-list tbody tr').length === 1")
    assert someone.page.url.endswith("/students/")


def test_the_language_can_be_switched_and_stays(people, visitor):
    someone = visitor()
    someone.sign_in(people.owner)
    someone.page.click("button:has-text('Account menu')")
    someone.page.click("button[name=language][value=zh-hans]")
    someone.page.wait_for_function("document.documentElement.lang === 'zh-hans'")
    people.owner.refresh_from_db()
    assert people.owner.language == "zh-hans"


def test_signing_out_leaves_nothing_of_an_upload_in_the_browser(people, visitor):
    someone = visitor()
    someone.sign_in(people.staff)
    someone.go("/upload/")
    someone.page.evaluate("localStorage.setItem('uppyState:test', 'a file name')")
    someone.page.click("button:has-text('Account menu')")
    someone.page.click("text=Sign out")
    someone.page.wait_for_url("**/login/")
    assert someone.page.evaluate("localStorage.length") == 0


def test_a_stretch_is_marked_with_the_times_of_the_moment_and_taken_back(people, visitor):
    recording = analysed(people.student, ["sad"] * 4 + ["happy"] * 4)
    someone = visitor()
    someone.sign_in(people.owner)
    someone.go(f"/recordings/{recording.pk}/")
    page, form = someone.page, someone.page.locator("#stretch-form")
    assert form.locator("[name=start_s]").input_value() == "0:00"
    page.locator("[data-whose]").nth(2).click()
    times = [form.locator(f"[name={name}]").input_value() for name in ("start_s", "end_s")]
    assert times == ["0:04", "0:08"]
    page.locator("[data-seek]").first.click()
    assert form.locator("[name=start_s]").input_value() == "0:04", "an edited form is left alone"
    form.locator("[data-now=start_s]").click()
    assert form.locator("[name=start_s]").input_value() == "0:00"
    form.locator("button[type=submit]").click()
    page.get_by_text("The mark was saved").wait_for()
    assert "not the student’s but the counsellor’s" in page.locator("#moment-label").inner_text()
    page.locator("#stretches").get_by_role("button", name="Remove").click()
    page.get_by_text("The mark was removed").wait_for()
    assert page.locator("#moment-label").inner_text() == "sad"
