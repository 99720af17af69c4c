"""People are told of an alert once, and a mail says neither who nor what."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from analysis.alerts import notices
from analysis.alerts.lifecycle import alert_escalate
from analysis.alerts.notices import notices_create, notices_read, notices_send
from analysis.models import Alert, Notice
from tests.analysis.alert_stories import raised_alert

pytestmark = pytest.mark.django_db


def told(alert):
    return set(Notice.objects.filter(alert=alert).values_list("user__username", flat=True))


def test_an_alert_tells_the_students_counsellor_and_the_administrators_only(people):
    assert told(raised_alert(people.student)) == {"owner", "admin"}


def test_nobody_is_told_twice(people):
    alert = raised_alert(people.student)
    notices_create(alert)
    assert Notice.objects.count() == 2


def test_a_counsellor_whose_care_has_ended_and_a_closed_account_are_not_told(people):
    people.student.care.update(until=timezone.now())
    people.admin.is_active = False
    people.admin.save()
    assert told(raised_alert(people.student)) == set()


def test_a_mail_names_neither_the_student_nor_an_emotion_and_links_to_the_alert(people, settings):
    settings.SITE_URL = "https://emorec.example.org/"
    alert = raised_alert(people.student)
    assert notices_send() == 2
    for message in mail.outbox:
        text = f"{message.subject}\n{message.body}"
        assert f"https://emorec.example.org/alerts/{alert.pk}" in text
        for secret in (people.student.name, people.student.number, "sad", "negative", "emotion ", "alert "):
            assert secret.lower() not in text.lower()
    assert sorted(message.to[0] for message in mail.outbox) == ["admin@example.org", "owner@example.org"]


def test_a_mail_is_written_in_the_recipients_language(people, monkeypatch):
    people.owner.language = "zh-hans"
    people.owner.save()
    raised_alert(people.student)
    seen = []
    monkeypatch.setattr(notices.translation, "override", _recording(seen, notices.translation.override))
    notices_send()
    assert sorted(seen) == ["en", "zh-hans"]


def _recording(seen, override):
    def wrapped(language):
        seen.append(language)
        return override(language)

    return wrapped


def test_each_mail_is_sent_once(people):
    raised_alert(people.student)
    notices_send()
    assert notices_send() == 0
    assert len(mail.outbox) == 2


def test_a_mail_another_process_has_taken_is_left_alone(people):
    raised_alert(people.student)
    waiting = notices._waiting()
    assert all(notices._send(notice) for notice in waiting)
    assert not any(notices._send(notice) for notice in waiting)
    assert len(mail.outbox) == 2


def test_a_mail_whose_sender_was_killed_is_sent_again_after_a_while(people):
    raised_alert(people.student)
    Notice.objects.update(mail_claimed_at=timezone.now(), mail_attempts=1)
    assert notices_send() == 0
    Notice.objects.update(mail_claimed_at=timezone.now() - timedelta(minutes=11))
    assert notices_send() == 2


def test_a_mail_that_keeps_failing_is_given_up_after_three_attempts(people, settings, caplog):
    settings.EMAIL_BACKEND = "tests.analysis.alerts.test_notices.Broken"
    raised_alert(people.student)
    for _ in range(5):
        assert notices_send() == 0
        Notice.objects.update(mail_claimed_at=timezone.now() - timedelta(hours=1))
    assert set(Notice.objects.values_list("mail_attempts", "mailed_at")) == {(3, None)}
    assert "owner@example.org" not in caplog.text


class Broken:
    """A mail server that refuses, repeating the address."""

    def __init__(self, **kwargs):
        pass

    def send_messages(self, messages):
        raise OSError(f"refused {messages[0].to}")


def test_synthetic_alerts_and_people_without_an_address_get_no_mail(people):
    raised_alert(people.student)
    people.owner.email = ""
    people.owner.save()
    assert notices_send() == 1
    Notice.objects.update(mailed_at=None, mail_claimed_at=None)
    Alert.objects.update(synthetic=True)
    assert notices_send() == 0


def test_a_counsellor_who_no_longer_cares_for_the_student_gets_no_mail(people):
    raised_alert(people.student)
    people.student.care.update(until=timezone.now())
    assert notices_send() == 1
    assert [message.to for message in mail.outbox] == [["admin@example.org"]]


def test_escalating_makes_the_reviewers_notices_new_again(people):
    alert = raised_alert(people.student)
    notices_send()
    notices_read(people.admin)
    notices_read(people.owner)
    alert_escalate(alert, by=people.owner)
    assert list(Notice.objects.filter(read_at__isnull=True).values_list("user__username", flat=True)) == ["admin"]
    assert notices_send() == 1


def test_a_notice_is_marked_as_read_once(people):
    raised_alert(people.student)
    assert notices_read(people.owner) == 1
    assert notices_read(people.owner) == 0
    assert notices_read(people.admin) == 1
