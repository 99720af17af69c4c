"""The door by itself: how far each action reaches for each role, and what stands behind it."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpResponse
from django.utils import timezone

from students.access import Action, Reach, allowed, door, fetch, fetch_student, reach, require, scoped, signed_in
from students.models import CareAssignment, Consent, Student
from tests.factories import CareAssignmentFactory, ConsentFactory, UserFactory, consented

pytestmark = pytest.mark.django_db

# Counsellor, staff, administrator: "all" students, the "assigned" ones, or "-", not theirs at all.
REACHES = {
    "student.view": ("assigned", "all", "all"),
    "student.manage": ("-", "-", "all"),
    "consent.view": ("assigned", "all", "all"),
    "consent.grant": ("-", "-", "all"),
    "consent.withdraw": ("assigned", "-", "all"),
    "recording.view": ("assigned", "all", "all"),
    "recording.upload": ("-", "all", "-"),
    "recording.manage": ("-", "all", "all"),
    "results.view": ("assigned", "-", "all"),
    "labels.correct": ("assigned", "-", "all"),
    "transcript.manage": ("assigned", "-", "all"),
    "alert.view": ("assigned", "-", "all"),
    "alert.handle": ("assigned", "-", "all"),
    "review.view": ("-", "-", "all"),
    "review.decide": ("-", "-", "all"),
    "rules.manage": ("-", "-", "all"),
    "people.manage": ("-", "-", "all"),
    "audit.view": ("-", "-", "all"),
    "account": ("all", "all", "all"),
}


def test_every_action_reaches_as_far_as_the_table_says(people):
    assert {action.value for action in Action} == set(REACHES)
    for action, expected in REACHES.items():
        reaches = [reach(user, Action(action)) for user in (people.owner, people.staff, people.admin)]
        assert [found.value if found else "-" for found in reaches] == list(expected), action


@pytest.mark.parametrize("action", Action)
def test_nothing_is_for_people_who_are_not_signed_in_or_no_longer_active(people, action):
    people.admin.is_active = False
    for nobody in (AnonymousUser(), people.admin):
        assert reach(nobody, action) is None
        assert not allowed(nobody, action)
        assert not scoped(nobody, action, Student.objects.all(), student="").exists()
        with pytest.raises(Http404):
            require(nobody, action)


def test_all_assigned_or_none_of_the_rows_are_in_reach(people):
    theirs = people.student
    students = set(Student.objects.all())
    assert set(scoped(people.admin, Action.RESULTS_VIEW, Student.objects.all(), student="")) == students
    assert set(scoped(people.owner, Action.RESULTS_VIEW, Student.objects.all(), student="")) == {theirs}
    assert not scoped(people.staff, Action.RESULTS_VIEW, Student.objects.all(), student="").exists()
    consents = scoped(people.owner, Action.CONSENT_VIEW, Consent.objects.all())
    assert set(consents) == set(Consent.objects.filter(student=theirs))


def test_a_counsellor_whose_care_has_ended_reaches_the_student_no_longer(people):
    CareAssignment.objects.filter(student=people.student).update(until=timezone.now())
    assert not scoped(people.owner, Action.STUDENT_VIEW, Student.objects.all(), student="").exists()
    again = CareAssignmentFactory(student=people.student, counselor=people.owner)
    assert again.until is None
    assert scoped(people.owner, Action.STUDENT_VIEW, Student.objects.all(), student="").get() == people.student


def test_an_erased_student_is_in_nobodys_reach(people):
    erased = consented()
    consent = ConsentFactory(student=erased, ended_at=timezone.now(), end_reason="erased")
    Student.objects.filter(pk=erased.pk).update(erased_at=timezone.now())
    assert erased not in scoped(people.admin, Action.STUDENT_VIEW, Student.objects.all(), student="")
    assert consent not in scoped(people.admin, Action.CONSENT_VIEW, Consent.objects.all())


def test_what_is_fetched_is_the_one_row_or_does_not_exist(people):
    assert fetch_student(people.owner, Action.STUDENT_VIEW, people.student.pk) == people.student
    consent = people.student.consents.first()
    assert fetch(people.owner, Action.CONSENT_VIEW, Consent.objects.all(), consent.pk) == consent
    for who, pk in ((people.teammate, people.student.pk), (people.owner, UserFactory().pk)):
        with pytest.raises(Http404):
            fetch_student(who, Action.STUDENT_VIEW, pk)


def test_the_door_asks_who_it_is_then_whether_it_is_theirs_and_keeps_answers_out_of_caches(people, rf):
    @door(Action.REVIEW_VIEW)
    def view(request, number):
        return HttpResponse(f"review {number}")

    @door(Action.REVIEW_VIEW)
    def cached(request):
        return HttpResponse("a picture", headers={"Cache-Control": "private"})

    def asked(by, *arguments, of=view):
        request = rf.get("/reviews/7/")
        request.user = by
        return of(request, *arguments)

    assert view.door_action is Action.REVIEW_VIEW
    answer = asked(people.admin, 7)
    assert (answer.content, answer["Cache-Control"]) == (b"review 7", "no-store")
    assert asked(people.admin, of=cached)["Cache-Control"] == "private"
    sign_in = asked(AnonymousUser(), 7)
    assert (sign_in.status_code, sign_in["Location"]) == (302, "/login/?next=/reviews/7/")
    with pytest.raises(Http404):
        asked(people.owner, 7)


def test_a_view_behind_the_door_knows_its_user(people, rf):
    request = rf.get("/")
    request.user = people.owner
    assert signed_in(request) == people.owner
    request.user = AnonymousUser()
    with pytest.raises(Http404):
        signed_in(request)


def test_the_values_of_actions_and_reaches_are_their_own():
    assert len(set(Action)) == len(REACHES)
    assert {each.value for each in Reach} == {"all", "assigned"}
