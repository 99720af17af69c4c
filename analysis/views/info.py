"""Help in plain words, and how reliable the recognition is."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.emotions import EMOTIONS
from analysis.intake import limits
from students.access import Action, door

CARD = Path(settings.BASE_DIR) / "ml" / "weights" / "card.json"


@door(Action.ACCOUNT)
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """What the system does, what it cannot do, and what to do when something goes wrong."""
    return render(request, "analysis/help.html", {"limits": limits(), "emotions": EMOTIONS})


def read_card() -> dict[str, Any]:
    """The model card as it is shipped with the weights; empty when there is none. A plain file: no model is loaded."""
    try:
        card = json.loads(CARD.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return card if isinstance(card, dict) else {}


@door(Action.ACCOUNT)
@require_safe
def model_card(request: HttpRequest) -> HttpResponse:
    """The model card: trained on what, how often right on people it had not seen, and its limits."""
    return render(request, "analysis/model_card.html", {"card": read_card()})
