"""How forms look: Django renders them with the project's two templates and the classes of the design."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting
from django.forms.widgets import ChoiceWidget, Widget


class DesignedField(BoundField):
    """A field whose widget carries the classes of the design and, where the input was refused, its error state."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: Widget | None = None) -> dict[str, Any]:
        """Adds ``class`` to what Django gives the widget."""
        widget = widget or self.field.widget
        attrs = super().build_widget_attrs(attrs, widget)
        if widget.is_hidden:
            return attrs
        classes = [widget.attrs.get("class", ""), _style(widget)]
        if self.errors and not widget.use_fieldset:
            classes.append("is-invalid")
        return {**attrs, "class": " ".join(filter(None, classes))}


def _style(widget: Widget) -> str:
    if isinstance(widget, forms.Select):
        return "form-select"
    if isinstance(widget, forms.CheckboxInput | ChoiceWidget):
        return "form-check-input"
    return "form-control"


class Renderer(TemplatesSetting):
    """``{{ form }}`` and ``{{ field.as_field_group }}`` by ``templates/forms/``."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"
    bound_field_class = DesignedField
