"""Every form is rendered by the same two templates, with the classes of the design and words for its errors."""

import re

import pytest
from django import forms


class Sample(forms.Form):
    """One field of each kind that the pages have."""

    name = forms.CharField(label="Name & more", help_text="Your own")
    kind = forms.ChoiceField(choices=[("a", "First"), ("b", "Second")])
    way = forms.ChoiceField(choices=[("c", "Third"), ("d", "Fourth")], widget=forms.RadioSelect)
    sure = forms.BooleanField(required=False)
    mark = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> None:
        raise forms.ValidationError("It <does> not fit together")


@pytest.mark.parametrize(
    ("field", "style"), [("name", "form-control"), ("kind", "form-select"), ("sure", "form-check-input")]
)
def test_a_widget_has_the_class_of_its_kind(field, style):
    assert f'class="{style}"' in str(Sample()[field])


def test_a_hidden_field_has_no_label_and_no_class():
    page = str(Sample())
    assert '<input type="hidden" name="mark" id="id_mark">' in page
    assert 'for="id_mark"' not in page


def test_the_ways_to_choose_stand_each_in_a_label_of_its_own():
    page = Sample()["way"].as_field_group()
    assert "<fieldset" in page
    assert len(re.findall(r'<label class="form-check">\s*<input type="radio"', page)) == 2


def test_what_is_wrong_stands_beside_the_field_and_the_field_points_at_it():
    page = Sample({"kind": "z"})["name"].as_field_group()
    assert 'class="form-control is-invalid"' in page
    assert 'aria-describedby="id_name_helptext id_name_error"' in page
    assert re.search(r'id="id_name_error">\s*<div>This field is required.</div>', page)
    assert "Name &amp; more" in page


def test_what_is_wrong_with_the_whole_form_stands_above_it_as_an_alert():
    page = str(Sample({"name": "n", "kind": "a", "way": "c"}))
    assert re.match(
        r'<div class="alert alert-danger" role="alert">\s*<div>It &lt;does&gt; not fit together</div>', page
    )
    assert "is-invalid" not in page
